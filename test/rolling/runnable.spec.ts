import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('The rolling restart', () => {
  it('starts outside of the test runner', () => {
    const program = ['scripts/run-typescript.mjs', 'test/rolling/main.ts', '--help'];
    const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: ROOT, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain('npm run rolling -- [options]');
    expect(status).toBe(0);
  });
});
