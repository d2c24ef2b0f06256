import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { commandsOf, nameOf } from '../../src/cli/document.js';
import { createProgram } from '../../src/cli/program.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { BOOTSTRAP_TOKEN, TestService } from '../support/service.js';
import { createKey, sign, validClaims } from '../support/tokens.js';
import { CommandStage } from './command-stage.js';

/** Every command that calls the service, with what it needs; LICENSE is a file. */
const CALLS = [
  'check',
  'show',
  'explain',
  'explain --at 2027-01-01',
  'timeline',
  'inspect LICENSE',
  'install LICENSE',
  'install LICENSE --dry-run',
  'install LICENSE --queue --acknowledge',
  'renew',
  'rehearse',
  'renewal',
  'attempts',
  'history',
  'rollback --yes',
  'remove --yes',
  'remove --yes --instance http://localhost:3000/',
  'status',
  'usage show',
  'usage stats',
  'usage history',
  'usage ledger',
  'usage ledger --csv',
  'usage explain anna',
  'usage subjects',
  'usage denials',
  'usage delete anna --yes',
  'usage seen anna',
  'usage admit anna',
  'usage left anna',
  'usage session s1 anna',
  'usage session-end s1',
  'account list',
  'account show 7',
  'account create bot',
  'account update 7 --disable',
  'account delete 7 --yes',
  'token list 7',
  'token create 7 ci',
  'token revoke 7 12 --yes',
  'token delete 7 12 --yes',
  'role list',
  'role show deployer',
  'role create custom:deployer --action licensing:read',
  'role update deployer --action licensing:read',
  'role delete deployer --yes',
  'role of 7',
  'role permissions',
  'role permissions 7',
  'role provision',
  'role set 7 deployer --yes',
  'role add 7 fixed:licensing:reader',
  'role remove 7 fixed:licensing:reader --yes',
  'role holders',
  'role holders --csv',
  'whoami',
  'session list',
  'session revoke 12 --yes',
  'audit list',
  'audit refusals',
  'audit export',
  'audit seal',
];

/** Programs that are not the service, by what they answer to everything. */
const OTHERS: readonly (readonly [name: string, status: number, type: string, body: string])[] = [
  ['a page that is not there', 404, 'text/html', '<html>Not Found</html>'],
  ['a 404 of another API', 404, 'application/json', '{"message":"Not found","code":5}'],
  ['a page', 200, 'text/html', '<html>Welcome</html>'],
  ['JSON of another API', 200, 'application/json', '{"status":"ok","message":"hello"}'],
  ['an empty object', 200, 'application/json', '{}'],
  ['a list of other things', 200, 'application/json; charset=utf-8', '{"items":[1,2]}'],
  ['a text', 200, 'application/json', '"false"'],
  ['nothing', 200, 'application/json', ''],
  ['an error of a proxy', 503, 'application/json', '{"message":"no healthy upstream"}'],
];

describe('The exit codes of the commands that call the service', () => {
  const commands = commandsOf(createProgram({} as Surroundings, () => undefined));
  let database: TestDatabase;
  let service: TestService;
  let other: Server;
  let answer: (typeof OTHERS)[number];
  let otherUrl: string;
  let stage: CommandStage;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
    other = createServer((request, response) => {
      request.resume();
      response.writeHead(answer[1], { 'Content-Type': answer[2], 'Retry-After': '0', Connection: 'close' });
      response.end(answer[3]);
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  });

  beforeEach(() => {
    stage = new CommandStage();
    stage.file('license.jwt', sign({ key: createKey('ES256'), claims: validClaims() }));
  });

  afterEach(() => stage.close());

  afterAll(async () => {
    other.close();
    await service.stop();
    await database.drop();
  });

  /** Runs every command. @returns what each ended with, and whether standard output had something */
  async function runAll(
    more = '',
  ): Promise<Record<string, [code: number | null, stdout: string, text: string]>> {
    const ran: Record<string, [number | null, string, string]> = {};
    for (const line of CALLS) {
      const command = `${line.replace('LICENSE', `${stage.home}/license.jwt`)}${more}`;
      const { code, stdout, stderr } = await stage.run(command);
      ran[line] = [code, stdout, stderr];
    }
    return ran;
  }

  it('are looked at for each of them', () => {
    const calling = commands
      .filter(({ manual }) => (manual?.operations ?? []).length > 0)
      .map((command) => nameOf(command).replace('licentia ', ''));
    const listed = calling.filter((name) => CALLS.some((line) => `${line} `.startsWith(`${name} `)));
    expect(listed).toEqual(calling);
  });

  it.each(OTHERS)('are 2 where %s answers', async (...row) => {
    answer = row;
    stage.environment = { LICENTIA_URL: otherUrl, LICENTIA_TOKEN: 'secret-token' };
    for (const [line, ran] of Object.entries(await runAll())) {
      expect([line, ...ran]).toEqual([line, 2, '', expect.stringMatching(/client\.bad-answer[^]*\nNext: /)]);
    }
  });

  it('are 2 at a wrong path of the service itself', async () => {
    stage.environment = { LICENTIA_URL: `${service.url}/licentia`, LICENTIA_TOKEN: BOOTSTRAP_TOKEN };
    for (const [line, ran] of Object.entries(await runAll())) {
      expect([line, ...ran]).toEqual([line, 2, '', expect.stringMatching(/client\.bad-answer[^]*--url/)]);
    }
  });

  it('are the same with --json, which makes JSON of the error', async () => {
    stage.environment = { LICENTIA_URL: `${service.url}/licentia`, LICENTIA_TOKEN: BOOTSTRAP_TOKEN };
    for (const [line, [code, stdout, stderr]] of Object.entries(await runAll(' --json'))) {
      const { error } = JSON.parse(stderr) as { error: { code: string; next: string } };
      expect([line, code, stdout, error.code]).toEqual([line, 2, '', 'client.bad-answer']);
      expect(error.next).toContain('--url');
    }
  });

  it('are 64 where variables contradict each other', async () => {
    for (const environment of [
      { LICENTIA_USER: 'ada' },
      { LICENTIA_PASSWORD: 'secret' },
      { LICENTIA_TOKEN: 'a', LICENTIA_TOKEN_FILE: 'b' },
    ]) {
      stage.environment = { LICENTIA_URL: service.url, ...environment };
      expect(await stage.run('show')).toMatchObject({ code: 64, stdout: '' });
    }
  });

  it.each([
    ['no program listens', 'http://127.0.0.1:2', BOOTSTRAP_TOKEN, 'client.unreachable'],
    ['the token is wrong', '', 'licsa_wrong', 'api-key.invalid'],
  ])('are 2 where %s', async (_, url, token, code) => {
    stage.environment = { LICENTIA_URL: url || service.url, LICENTIA_TOKEN: token };
    for (const [line, ran] of Object.entries(await runAll())) {
      // The probes let everybody in.
      if (url === '' && line === 'status') continue;
      expect([line, ...ran]).toEqual([line, 2, '', expect.stringContaining(code)]);
    }
  });

  it('are 64 for an option that no command has', async () => {
    for (const [line, ran] of Object.entries(await runAll(' --frobnicate'))) {
      expect([line, ...ran]).toEqual([line, 64, '', expect.stringContaining('--help')]);
    }
  });

  it('are 1 for an account, a token or a role that is not there', async () => {
    stage.environment = { LICENTIA_URL: service.url, LICENTIA_TOKEN: BOOTSTRAP_TOKEN };
    for (const line of [
      'account show 999',
      'account update 999 --disable',
      'account delete 999 --yes',
      'role show nowhere',
      'role update nowhere --action licensing:read',
      'role delete nowhere --yes',
      'role of 999',
      'role permissions 999',
      'role set 999 fixed:licensing:reader --yes',
      'role provision',
      'token list 999',
      'token create 999 ci',
      'token revoke 999 12 --yes',
      'token delete 999 12 --yes',
      'role add 999 fixed:licensing:reader',
      'role remove 999 fixed:licensing:reader --yes',
      'session revoke 999 --yes',
    ]) {
      const { code, stdout, stderr } = await stage.run(line);
      expect([line, code, stdout, stderr]).toEqual([line, 1, '', expect.stringContaining('not-found')]);
    }
  });
});

describe('The exit codes of the commands that run the service', () => {
  let stage: CommandStage;

  beforeEach(() => {
    stage = new CommandStage();
  });

  afterEach(() => stage.close());

  it.each<[string, Record<string, string>, number, RegExp]>([
    ['config check', {}, 0, /^$/],
    ['config check', { PORT: 'x', DATABASE_POLL_MS: 'y' }, 1, /PORT[^]*DATABASE_POLL_MS/],
    ['config check', { ISUER_ID: 'x' }, 3, /ISSUER_ID/],
    ['config check --frobnicate', {}, 64, /unknown option/],
    ['migrate', { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:2/x' }, 1, /ECONNREFUSED/],
    ['migrate --frobnicate', {}, 64, /unknown option/],
    ['serve', { ROOT_URL: 'nonsense' }, 1, /ROOT_URL/],
    ['serve --frobnicate', {}, 64, /unknown option/],
    ['doctor', { ROOT_URL: 'nonsense' }, 1, /^$/],
    ['doctor --frobnicate', {}, 64, /unknown option/],
  ])('are as documented: %s, with %j', async (line, environment, code, stderr) => {
    stage.environment = environment;
    const ran = await stage.spawn(line);
    expect(ran).toMatchObject({ code, stderr: expect.stringMatching(stderr) as string });
    expect(`${ran.stdout}${ran.stderr}`).not.toContain('hunter2');
  });
});
