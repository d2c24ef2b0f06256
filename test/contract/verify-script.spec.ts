import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));

describe('npm run verify', () => {
  let root: string;

  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const commit = () => {
    git('add', '-A');
    git('commit', '--quiet', '--message', 'a');
    return git('rev-parse', 'HEAD');
  };
  const verify = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'scripts/verify.mjs'), ...args], { encoding: 'utf8' });
  const vectors = () =>
    verify('--list')
      .stdout.split('\n')
      .find((line) => line.startsWith('vectors:'));

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'licentia-verify-'));
    git('init', '--quiet');
    mkdirSync(join(root, 'scripts'));
    for (const name of ['verify.mjs', 'long-suites.mjs', 'postgres-suites.mjs', 'find-pgbouncer.mjs'])
      cpSync(join(SCRIPTS, name), join(root, 'scripts', name));
    write('src/domain/a.ts', '1');
    write('docs/a.md', '1');
    write('test/verified.json', '{}');
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('says that a suite is due until it has passed, and again when a file of it has changed', () => {
    write('scripts/test.mjs', '');
    const first = commit();
    expect(vectors()).toBe('vectors: due, as it has not passed yet');
    expect(verify('vectors').status).toBe(0);
    write('docs/a.md', '2');
    commit();
    expect(vectors()).toBe(
      `vectors: passed on ${first.slice(0, 12)}, and nothing that it depends on has changed`,
    );
    write('src/domain/a.ts', '2');
    commit();
    expect(vectors()).toBe(`vectors: due, as something changed since ${first.slice(0, 12)}`);
    write('src/domain/a.ts', '1');
    write('src/domain/b.ts', '1');
    commit();
    expect(vectors()).toContain('due, as something changed');
  });

  it('knows what passed in a clone that has the same files and another history', () => {
    write('scripts/test.mjs', '');
    commit();
    verify('vectors');
    rmSync(join(root, '.git'), { recursive: true });
    git('init', '--quiet');
    commit();
    expect(vectors()).toMatch(/^vectors: passed on [0-9a-f]{12}, and nothing/);
  });

  it('runs a suite that is due, and ends with 1 where it fails', () => {
    write('scripts/test.mjs', `console.log(process.env.TEST_GEAR); process.exitCode = 1;`);
    write('package.json', JSON.stringify({ scripts: { 'compose:check': 'exit 77' } }));
    commit();
    const { status, stdout } = verify('--due');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^full$/m);
    expect(stdout).toMatch(/^FAILED .* vectors$/m);
    expect(stdout).toMatch(/^skipped .* compose$/m);
  });

  it('records the commit of what passed, never with uncommitted changes', () => {
    write('scripts/test.mjs', `process.exitCode = process.argv[2].includes('vectors') ? 0 : 1;`);
    const passed = commit();
    expect(verify('vectors', 'interleavings').status).toBe(1);
    expect(vectors()).toContain(`passed on ${passed.slice(0, 12)}`);
    expect(verify('--list').stdout).toContain('interleavings: due, as it has not passed yet');
    const again = verify('vectors');
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('uncommitted changes')]);
  });

  it('ends with 2 for a suite that does not exist', () => {
    const { status, stderr } = verify('vector');
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^There is no suite vector\. There are: .*vectors/),
    ]);
  });
});
