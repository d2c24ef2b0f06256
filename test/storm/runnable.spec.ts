import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('The storm', () => {
  it.each([
    ['storm', 'main'],
    ['seats:storm', 'seats-main'],
  ])('of npm run %s starts outside of the test runner', (command, file) => {
    const program = ['scripts/run-typescript.mjs', `test/storm/${file}.ts`, '--help'];
    const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: ROOT, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain(`npm run ${command} -- [options]`);
    expect(status).toBe(0);
  });
});
