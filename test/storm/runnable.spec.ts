import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('The storm', () => {
  it('starts outside of the test runner', () => {
    const program = ['scripts/run-typescript.mjs', 'test/storm/main.ts', '--help'];
    const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: ROOT, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain('npm run storm -- [options]');
    expect(status).toBe(0);
  });
});
