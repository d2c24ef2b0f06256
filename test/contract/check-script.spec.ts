import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('npm run check', () => {
  const check = (root: string, ...words: string[]) =>
    spawnSync(process.execPath, [join(root, 'scripts/check.mjs'), ...words], { encoding: 'utf8' });

  it('ends with 2 for a check that does not exist, and names those that do', () => {
    const { status, stdout, stderr } = check(ROOT, 'spelling');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^There is no check with “spelling” in its name/);
    expect(stderr).toContain('The linter has nothing to say');
  });

  it('works in a directory with a space', () => {
    const directory = mkdtempSync(join(tmpdir(), 'licentia a space-'));
    try {
      for (const name of ['scripts', 'test']) mkdirSync(join(directory, name));
      cpSync(join(ROOT, 'scripts'), join(directory, 'scripts'), { recursive: true });
      for (const file of ['package.json', 'package-lock.json', '.npmrc'])
        cpSync(join(ROOT, file), join(directory, file));
      symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
      const { status, stdout, stderr } = check(directory, 'lock file');
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toContain('1 passed, 0 failed');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
