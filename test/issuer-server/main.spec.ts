import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';

const MAIN = fileURLToPath(new URL('../../dist/issuer-server/main.js', import.meta.url));

describe('node dist/issuer-server/main.js', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await embeddedDatabase('issuer');
  });

  afterAll(async () => {
    await database.drop();
  });

  const environment = () => ({ PATH: process.env.PATH, PORT: '0', DATABASE_URL: database.url });

  /** The built issuer with a command that ends by itself. */
  async function run(args: string[], overrides: Readonly<Record<string, string>> = {}) {
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(
        process.execPath,
        [MAIN, ...args],
        { env: { ...environment(), ...overrides } },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr }),
      );
    });
  }

  /** The built issuer, listening. */
  async function serve(): Promise<{ child: ChildProcess }> {
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const bytes of child.stdout) {
      output += String(bytes);
      if (output.includes('"msg":"listening"')) {
        child.stdout.on('data', () => undefined);
        return { child };
      }
    }
    throw new Error(`the issuer ended:\n${output}`);
  }

  it('warns at its start of too few file descriptors for its connections', async () => {
    const line = `ulimit -n 300 && exec "${process.execPath}" "${MAIN}" serve`;
    const child = spawn('sh', ['-c', line], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const bytes of child.stdout) {
      output += String(bytes);
      if (output.includes('"msg":"listening"')) child.kill();
    }
    expect(output).toMatch(/this process may have 300 files .* 800 connections need 1056: raise the limit/);
    expect(output).not.toContain('MAX_CONNECTIONS');
  });

  it('has room on its embedded database for itself alone', async () => {
    const { child } = await serve();
    try {
      const refused = await run([]);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`process ${child.pid}`) });
      expect(refused.stderr).not.toContain('    at ');
    } finally {
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    }
  });

  it.each([
    [
      'a command, which "licentia issuer" has',
      ['list'],
      {},
      2,
      /^This program only serves.*licentia issuer --help/,
    ],
    ['an option that there is not', ['--unheard-of'], {}, 2, /Try --help/],
    ['a faulty setting', [], { PORT: '-1' }, 1, /PORT must be/],
    ['a faulty setting, when only asked', ['--check-config'], { ISSUER_ID: 'a b' }, 1, /ISSUER_ID must have/],
  ])('says what is wrong with %s', async (_, args, overrides, code, message) => {
    const ended = await run(args, overrides);
    expect(ended).toEqual({ code, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('points out a name that looks misspelled on standard error', async () => {
    const hint = 'DATABASE_ULR is not read. Did you mean DATABASE_URL?\n';
    const typo = { DATABASE_ULR: 'postgres://user:hunter2@h/d' };
    expect(await run(['--check-config'], typo)).toEqual({
      code: 3,
      stdout: 'The configuration can be used.\n',
      stderr: hint,
    });
  });

  it('brings its tables up to date and ends, when that is all it is asked for', async () => {
    const fresh = await embeddedDatabase('none');
    try {
      expect(await run(['--migrate'], { DATABASE_URL: fresh.url })).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(
          /^Applied AuthorityInitial1764000000000\.\n[^]*The tables are up to date\.\n$/,
        ),
      });
      expect(
        await run(['--migrate'], { DATABASE_URL: fresh.url, DATABASE_MIGRATIONS: 'check' }),
      ).toMatchObject({ code: 0, stdout: 'The tables are up to date.\n' });
    } finally {
      await fresh.drop();
    }
  });

  it.each([
    [['--help'], /^licentia issuer \d.*Usage:/s],
    [['serve', '--help'], /^licentia issuer \d.*Usage:/s],
    [['--version'], /^\d+\.\d+\.\d+ \(.+\)\n$/],
    [['--check-config'], /^The configuration is fine\.\n$/],
    [['serve', '--check-config'], /^The configuration is fine\.\n$/],
  ])('answers %j on standard output', async (args, text) => {
    expect(await run(args)).toEqual({ code: 0, stdout: expect.stringMatching(text), stderr: '' });
  });
});
