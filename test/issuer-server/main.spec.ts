import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';
import { INSTANCE } from './test-issuer-server.js';

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
  async function serve(): Promise<{ child: ChildProcess; url: string }> {
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const bytes of child.stdout) {
      output += String(bytes);
      const url = /"msg":"listening","url":"([^"]+)"/.exec(output)?.[1];
      if (url !== undefined) {
        child.stdout.on('data', () => undefined);
        return { child, url };
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

  it('issues a license from the command line that the listening issuer renews', async () => {
    const issued = await run(['issue', '--sub', INSTANCE]);
    expect(issued).toMatchObject({ code: 0, stderr: expect.stringContaining('Issued') });
    const token = issued.stdout.trim();
    const { child, url } = await serve();
    try {
      const renewed = await fetch(`${url}/v1/licenses/renew`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Idempotency-Key': '1',
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ instance: INSTANCE, version: '1.0.0' }),
      });
      expect(renewed.status).toBe(200);
      const refused = await run(['list']);
      expect(refused).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(`process ${child.pid}`),
      });
      expect(refused.stderr).not.toContain('    at ');
    } finally {
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    }
  });

  it.each([
    ['a command that there is not', ['unheard-of'], {}, 2, /Try --help/],
    ['a command without what it needs', ['issue'], {}, 2, /--sub.*Try --help/s],
    ['an id that there is none of', ['revoke', 'nothing'], {}, 1, /^There is no license "nothing"\.\n$/],
    ['a faulty setting', ['list'], { PORT: '-1' }, 1, /PORT must be/],
    ['a faulty setting, when only asked', ['--check-config'], { ISSUER_ID: 'a b' }, 1, /ISSUER_ID must have/],
    [
      'a database that is away',
      ['list'],
      { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/nothing' },
      1,
      /^The database that DATABASE_URL names is not available: .*ECONNREFUSED.*\n$/,
    ],
  ])('says what is wrong with %s', async (_, args, overrides, code, message) => {
    const ended = await run(args, overrides);
    expect(ended).toEqual({ code, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('points out a name that looks misspelled on standard error, and judges or does what it was asked to', async () => {
    const hint = 'DATABASE_ULR is not read. Did you mean DATABASE_URL?\n';
    const typo = { DATABASE_ULR: 'postgres://user:hunter2@h/d' };
    expect(await run(['--check-config'], typo)).toEqual({
      code: 3,
      stdout: 'The configuration can be used.\n',
      stderr: hint,
    });
    expect(await run(['list', '--json'], typo)).toMatchObject({ code: 0, stderr: hint });
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
        await run(['list', '--json'], { DATABASE_URL: fresh.url, DATABASE_MIGRATIONS: 'check' }),
      ).toMatchObject({ code: 0 });
    } finally {
      await fresh.drop();
    }
  });

  it.each([
    [['--help'], /^licentia issuer \d.*Usage:/s],
    [['issue', '--help'], /^licentia issuer \d.*Usage:/s],
    [['--version'], /^\d+\.\d+\.\d+ \(.+\)\n$/],
    [['--check-config'], /^The configuration is fine\.\n$/],
    [['serve', '--check-config'], /^The configuration is fine\.\n$/],
  ])('answers %j on standard output', async (args, text) => {
    expect(await run(args)).toEqual({ code: 0, stdout: expect.stringMatching(text), stderr: '' });
  });
});
