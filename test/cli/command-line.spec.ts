import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { duration, moment } from '../../src/cli/arguments.js';
import { chooseUrl, DEFAULT_URL } from '../../src/cli/connection.js';
import { commandsOf, documentOf, nameOf } from '../../src/cli/document.js';
import { exitCodeOf } from '../../src/cli/exit-code.js';
import { createProgram } from '../../src/cli/program.js';
import { render, type Report } from '../../src/cli/report.js';
import { isPassword, parsePasswordHash, type PasswordHash } from '../../src/domain/password-hash.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import { openApi } from '../support/openapi.js';
import { createKey, NOW, ROOT_URL, sign, validClaims } from '../support/tokens.js';
import { CommandStage } from './command-stage.js';

/** What monitoring, orchestrators, the generator of the client and the page call, and no operator by a command. */
const NO_COMMAND = ['createApiKey', 'getLiveness', 'getMetrics', 'getOpenApiDocument', 'signIn', 'signOut'];

describe('The commands', () => {
  const commands = commandsOf(createProgram({} as Surroundings, () => undefined));

  it('reach every operation of the API, and no other', () => {
    const operations = Object.values(openApi.paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId?: string }>).flatMap(
        ({ operationId }) => operationId ?? [],
      ),
    );
    const reached = new Set(commands.flatMap(({ manual }) => manual?.operations ?? []));
    expect(operations.length).toBeGreaterThan(40);
    expect([...reached, ...NO_COMMAND].sort()).toEqual(operations.sort());
  });

  it('have examples that name them', () => {
    for (const command of commands) {
      const examples = command.manual?.examples ?? [];
      expect({ command: nameOf(command), examples }).toEqual({
        command: nameOf(command),
        examples: expect.arrayContaining([expect.stringContaining(nameOf(command))]) as unknown,
      });
    }
  });

  it('show examples with --help, groups and the program itself too', async () => {
    const stage = new CommandStage();
    try {
      const groups = commands.map((command) => nameOf(command.parent as typeof command));
      // The issuer reads its own command line.
      const names = [...new Set([...groups, ...commands.map(nameOf)])].filter(
        (name) => !name.endsWith('issuer'),
      );
      for (const name of names) {
        const { code, stdout } = await stage.run(`${name} --help`.replace(/^licentia /, ''));
        const [, examples = ''] = stdout.split('\nExamples:\n');
        expect([name, code, examples.includes(name)]).toEqual([name, 0, true]);
      }
    } finally {
      stage.close();
    }
  });

  it('are described in docs/cli.md as they are: npm run cli:document', () => {
    expect(readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')).toBe(documentOf());
  });
});

describe('licentia verify', () => {
  let stage: CommandStage;

  beforeEach(() => {
    stage = new CommandStage();
  });

  afterEach(() => stage.close());

  it.each([
    ['', 0, /^license\tvalid\ttrue\n[^]*\nrule\tsub\tnot-checked\t/],
    [` --root-url ${ROOT_URL} --issuer https://issuer.example.com`, 0, /\nrule\tsub\tpassed\t/],
    [' --root-url http://elsewhere/', 1, /\nlicense\tcode\tlicense\.subject-mismatch\n/],
    [' --product other', 1, /\nrule\tprod\tfailed\t/],
    [' --root-url nonsense', 64, /^$/],
  ])('judges a license by the rules of the service:%s', async (options, code, stdout) => {
    const key = createKey('ES256');
    const keys = stage.file('keys.json', JSON.stringify({ keys: [key.jwk] }));
    const token = stage.file('license.jwt', sign({ key, claims: validClaims() }));
    const ran = await stage.run(`verify ${token} --keys ${keys} --at ${NOW}${options}`);
    expect(ran).toEqual({
      code,
      stdout: expect.stringMatching(stdout) as string,
      stderr: expect.any(String) as string,
    });
  });

  it('refuses a license that another key has signed, and tells a missing key set from that', async () => {
    const keys = stage.file('keys.json', JSON.stringify({ keys: [createKey('ES256').jwk] }));
    const token = sign({ key: createKey('ES256'), claims: validClaims() });
    const refused = await stage.run(`verify - --keys ${keys} --at ${NOW} --json`, token);
    expect(refused).toMatchObject({ code: 1 });
    expect(JSON.parse(refused.stdout)).toMatchObject({
      valid: false,
      code: 'license.untrusted',
      claims: null,
    });
    expect(await stage.run('verify - --keys nowhere.json', token)).toMatchObject({ code: 2, stdout: '' });
    expect(await stage.run('verify -', token)).toMatchObject({ code: 64, stdout: '' });
  });
});

describe('licentia hash-password', () => {
  let stage: CommandStage;

  beforeEach(() => {
    stage = new CommandStage();
  });

  afterEach(() => stage.close());

  it('prints a line of ADMINISTRATORS_FILE for the password on standard input, blanks at its ends included', async () => {
    const { code, stdout, stderr } = await stage.run('hash-password ada', ' twelve chars or so \n');
    expect([code, stderr]).toEqual([0, '']);
    const [, name, hash] = /^(.*):(\$scrypt\$.*)\n$/.exec(stdout) ?? [];
    expect(name).toBe('ada');
    expect(await isPassword(' twelve chars or so ', parsePasswordHash(hash ?? '') as PasswordHash)).toBe(
      true,
    );
  });

  it('does nothing where nobody gets the line, which it cannot make again', async () => {
    const refused = { code: 64, stdout: '', stderr: expect.stringMatching(/nothing was done/) as string };
    expect(await stage.run('hash-password ada --quiet', 'twelve characters')).toEqual(refused);
    stage.isOutputClosed = true;
    expect(await stage.run('hash-password ada', 'twelve characters')).toEqual(refused);
  });

  it.each([
    ['a short password', 'ada', 'short\n', 'The password must have 12 to 1024 characters.'],
    ['a second line', 'ada', 'twelve characters\nand more', 'The password must not have control characters'],
    ['a colon in the name', 'a:da', 'twelve characters', 'The name must have 1 to 190 characters'],
  ])('refuses %s', async (_, name, input, message) => {
    const { code, stdout, stderr } = await stage.run(`hash-password ${name}`, input);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(message);
  });
});

describe('The parts of a command line', () => {
  const profile = { url: 'https://one.example.com', token: 'secret' };

  it.each([
    [undefined, undefined, DEFAULT_URL, undefined],
    [undefined, profile, profile.url, 'secret'],
    ['https://one.example.com/', profile, 'https://one.example.com/', 'secret'],
    ['https://other.example.com', profile, 'https://other.example.com', undefined],
    ['http://one.example.com', profile, 'http://one.example.com', undefined],
  ])('of the address %s and the profile %j make a call of %s as %s', (given, known, url, token) => {
    expect(chooseUrl(given, known)).toEqual({ url, token });
  });

  it.each([
    ['1800000000', 1_800_000_000],
    ['2027-01-15', 1_799_971_200],
    ['2027-01-15T09:00:00+01:00', 1_800_000_000],
  ])('read %s as a moment', (text, seconds) => {
    expect(moment(text)).toBe(seconds);
  });

  it.each(['', 'soon', '2026-02-30', '2027-01-15T08:00:00', '-1', '01'])(
    'take "%s" for no moment',
    (text) => {
      expect(() => moment(text)).toThrow('Unix seconds');
    },
  );

  it('read spans', () => {
    expect(['90d', '12h', '30min', '45s'].map(duration)).toEqual([7_776_000, 43_200, 1_800, 45]);
    expect(() => duration('5m')).toThrow('a span');
  });

  it.each([
    ['license.stale', 1],
    ['issuer.refused', 1],
    ['issuer.unavailable', 2],
    ['access.denied', 2],
    ['client.timeout', 2],
    ['bad-request', 64],
  ] as const)('end with the code of %s', (code, exitCode) => {
    expect(exitCodeOf(code)).toBe(exitCode);
  });

  it('let no cell move the cursor or add a line, and print JSON as it came', () => {
    const report: Report = {
      json: { name: 'a\tb' },
      sections: [{ name: 'part', head: ['name', 'list'], rows: [['a\tb\n\u001b[2J', ['x', 'y']]] }],
    };
    const format = { json: false, isTerminal: false, hasColor: false, columns: 80, hasUnicode: true };
    expect(render(report, format)).toBe('part\ta?b??[2J\tx, y\n');
    expect(render(report, { ...format, isTerminal: true })).toBe('part\nname      list\na?b??[2J  x, y\n');
    expect(render(report, { ...format, json: true })).toBe('{\n  "name": "a\\tb"\n}\n');
  });
});

describe('A file that the command reads', () => {
  let stage: CommandStage;
  let pipe: string;

  beforeEach(() => {
    stage = new CommandStage();
    pipe = join(stage.home, '.config/licentia/profiles/piped.json');
    mkdirSync(dirname(pipe), { recursive: true });
    execFileSync('mkfifo', ['-m', '600', pipe]);
  });

  afterEach(() => stage.close());

  it('is a regular one: a pipe in its place keeps nothing waiting', async () => {
    const refused = expect.objectContaining({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/ cannot be read: it is no regular file\.\n/) as string,
    }) as unknown;
    expect(await stage.run('check --profile piped')).toEqual(refused);
    expect(await stage.run(`verify ${pipe} --keys ${pipe}`)).toEqual(refused);
    stage.environment = { LICENTIA_TOKEN_FILE: pipe };
    expect(await stage.run('check')).toEqual(refused);
  });

  it.each(['LICENTIA_TOKEN_FILE', 'LICENTIA_PASSWORD_FILE'])('is not empty (%s)', async (name) => {
    stage.environment = { [name]: stage.file('empty', '\n') };
    expect(await stage.run('check')).toMatchObject({
      code: 2,
      stderr: `licentia: The file of ${name} is empty.\n`,
    });
  });

  it.each(['LICENTIA_TOKEN_FILE', 'LICENTIA_PASSWORD_FILE'])('has a limited size (%s)', async (name) => {
    stage.environment = { [name]: stage.file('large', 'x'.repeat(20_000)) };
    expect(await stage.run('check')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/it has more than 16 KiB/) as string,
    });
  });
});
