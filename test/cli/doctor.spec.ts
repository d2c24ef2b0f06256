import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { profileFile, saveProfile } from '../../src/cli/profiles.js';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { BOOTSTRAP_TOKEN, TestService } from '../support/service.js';
import { CommandStage } from './command-stage.js';

interface Line {
  readonly area: string;
  readonly check: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly looked: boolean;
  readonly message: string;
  readonly cause: string | null;
  readonly next: string | null;
}

interface Examination {
  readonly code: number | null;
  readonly verdict: string;
  readonly complete: boolean;
  readonly findings: readonly Line[];
  /** `area check verdict`, with the cause where there is one. */
  readonly lines: readonly string[];
}

/** Unix seconds. */
const inDays = (days: number) => Math.floor(Date.now() / 1000) + days * 86_400;

describe('licentia doctor', () => {
  let issuer: FakeIssuer;
  let database: TestDatabase;
  let stage: CommandStage;

  beforeAll(async () => {
    issuer = await FakeIssuer.start();
  });

  beforeEach(async () => {
    database = await embeddedDatabase();
    stage = new CommandStage();
    stage.environment = {
      DATABASE_URL: database.url,
      ISSUER_URL: issuer.url,
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
      BOOTSTRAP_TOKEN,
      PORT: '2',
    };
  });

  afterEach(async () => {
    stage.close();
    await database.drop();
  });

  afterAll(() => issuer.stop());

  async function examine(more: Record<string, string> = {}): Promise<Examination> {
    Object.assign(stage.environment, more);
    const { code, stdout, stderr } = await stage.run('doctor --json');
    expect(stderr).toBe('');
    const told = JSON.parse(stdout) as Omit<Examination, 'code' | 'lines'>;
    const lines = told.findings.map(
      ({ area, check, verdict, cause }) => `${area} ${check} ${verdict}${cause === null ? '' : ` ${cause}`}`,
    );
    return { code, lines, ...told };
  }

  it('asks a running service that has the database, and reads the database itself where none runs', async () => {
    const service = await TestService.start(database, { ISSUER_URL: issuer.url });
    const port = new URL(service.url).port;
    const license = stage.file('license.jwt', issuer.token({ exp: inDays(30), lexp: inDays(365) }));
    stage.environment.LICENTIA_TOKEN = BOOTSTRAP_TOKEN;
    try {
      const empty = await examine({ PORT: port });
      expect(empty.lines).toContain('license expiry warn');
      expect(await stage.run(`install ${license} --url ${service.url}`)).toMatchObject({ code: 0 });
      const asked = await examine();
      expect(asked).toMatchObject({ code: 0, verdict: 'ok', complete: true });
      expect(asked.lines).toEqual([
        'configuration settings ok',
        'service readiness ok',
        'database directory ok',
        'issuer tcp ok',
        'issuer keys ok',
        'issuer clock ok',
        'license expiry ok',
        'license rehearsal ok',
        'disk space ok',
        expect.stringMatching(/^limits open files (ok|warn)$/),
      ]);
      expect(asked.findings[2]?.message).toContain(`process ${process.pid}`);
      const away = await examine({ LICENTIA_URL: 'http://127.0.0.1:2' });
      expect(away).toMatchObject({ code: 2, complete: false });
      stage.environment.LICENTIA_URL = service.url;
      expect(await examine({ LICENTIA_TOKEN: 'licsa_wrong' })).toMatchObject({ code: 2, complete: false });
      delete stage.environment.LICENTIA_TOKEN;
      const untold = await examine();
      expect(untold).toMatchObject({ code: 2, verdict: 'warn', complete: false });
      expect(untold.findings.find(({ looked }) => !looked)).toMatchObject({
        area: 'license',
        next: expect.stringContaining('licentia login') as unknown,
      });
    } finally {
      await service.stop();
    }
    const alone = await examine();
    expect(alone).toMatchObject({ code: 0, complete: true });
    expect(alone.lines).toEqual([
      'configuration settings ok',
      'service readiness warn connect',
      'database migrations ok',
      'database latency ok',
      'issuer tcp ok',
      'issuer keys ok',
      'issuer clock ok',
      'license expiry ok',
      'license rehearsal ok',
      'disk space ok',
      expect.stringMatching(/^limits open files (ok|warn)$/),
    ]);
  });

  it('says what every finding means and what to do, on a terminal below it', async () => {
    const { code, stdout } = await stage.run('doctor');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok\tconfiguration\tsettings\tThe configuration can be used\.\t-\t-\n/);
    stage.isTerminal = true;
    stage.environment.NO_COLOR = '1';
    expect((await stage.run('doctor')).stdout).toMatch(
      /\nwarn {2}service readiness +No service answers at http:\/\/localhost:2\.\n {30}Run "licentia serve"/,
    );
    stage.columns = 40;
    for (const line of (await stage.run('doctor')).stdout.split('\n')) {
      if (!line.includes('/')) expect([line, line.length <= 40]).toEqual([line, true]);
    }
    delete stage.environment.NO_COLOR;
    expect((await stage.run('doctor')).stdout).toContain('\u001b[33mwarn\u001b[39m  service readiness');
  });

  it.each<[string, Record<string, string>, string]>([
    ['a name that no server knows', { ISSUER_URL: 'https://issuer.invalid' }, 'issuer dns fail dns'],
    ['a port where nothing listens', { ISSUER_URL: 'https://127.0.0.1:2' }, 'issuer tcp fail connect'],
    [
      'a proxy that is away',
      { ISSUER_PROXY_URL: 'http://user:hunter2@127.0.0.1:2' },
      'issuer proxy fail proxy',
    ],
    ['a forbidden address', { ISSUER_URL: 'https://169.254.169.254' }, 'issuer tcp fail connect'],
    ['an address that is no issuer', { ISSUER_JWKS_URL: '/nothing-here' }, 'issuer keys fail bad-answer'],
    ['keys in a file that is not there', { ISSUER_JWKS_PATH: '/nowhere' }, 'issuer keys fail configuration'],
    [
      'a database server that is away',
      { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:2/x' },
      'database connection fail unreachable',
    ],
    ['a directory that is something else', { DATABASE_URL: 'pglite:///etc' }, 'database directory warn'],
    ['no issuer at all', { ISSUER_URL: '' }, 'issuer keys warn configuration'],
    ['a misspelled setting', { ISUER_ID: 'x' }, 'configuration settings warn configuration'],
    ['a setting that cannot be', { DATABASE_POLL_MS: 'often' }, 'configuration settings fail configuration'],
    ['no administrator', { BOOTSTRAP_TOKEN: '' }, 'configuration administrator warn'],
    [
      'a license file that is not there',
      { LICENSE_PATH: '/nowhere' },
      'configuration files warn configuration',
    ],
  ])('names the cause as the service does: %s', async (_, settings, line) => {
    const values = Object.entries(settings).map(([name, value]) => [
      name,
      name === 'ISSUER_JWKS_URL' ? `${issuer.url}${value}` : value,
    ]);
    const { code, lines, findings } = await examine(Object.fromEntries(values) as Record<string, string>);
    expect(lines).toContain(line);
    expect(code).toBe(lines.some((one) => one.includes(' fail')) ? 1 : 0);
    expect(findings.filter(({ verdict, next }) => verdict === 'fail' && next === null)).toEqual([]);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });

  it('tells a certificate that nobody vouches for, and goes on with its authority', async () => {
    const secure = await FakeIssuer.start({ tls: true });
    try {
      const untrusted = await examine({ ISSUER_URL: secure.url });
      expect(untrusted.lines).toContain('issuer dns ok');
      expect(untrusted.lines).toContain('issuer tls fail tls');
      expect(untrusted.lines).toContain('issuer keys fail tls');
      const trusted = await examine({ ISSUER_CA_PATH: stage.file('ca.pem', secure.ca) });
      expect(trusted.lines.filter((line) => line.startsWith('issuer tls'))).toHaveLength(1);
      expect(trusted.findings.find(({ check }) => check === 'tls')?.message).toMatch(
        /^TLSv1\.\d; .* in \d+ days\.$/,
      );
      expect(trusted.lines).toContain('issuer keys ok');
    } finally {
      await secure.stop();
    }
  });

  it('ends, and names what hangs', async () => {
    const silent: Server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      const { code, findings } = await examine({
        ISSUER_URL: `http://127.0.0.1:${port}`,
        ISSUER_TIMEOUT_MS: '300',
        LICENTIA_URL: `http://127.0.0.1:${port}`,
        DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/x`,
      });
      expect(code).toBe(1);
      expect(findings).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ area: 'issuer', check: 'keys', verdict: 'fail', cause: 'timeout' }),
          expect.objectContaining({ area: 'service', check: 'readiness', verdict: 'fail' }),
          expect.objectContaining({ area: 'database', check: 'connection', verdict: 'fail' }),
          expect.objectContaining({ area: 'license', looked: false, verdict: 'warn' }),
        ]),
      );
    } finally {
      silent.close();
    }
  });

  it('says that it does not know who asks, and all else, where the profile cannot be read', async () => {
    const named = { url: 'http://localhost:2', token: 'a-token' };
    await saveProfile({ environment: {}, home: stage.home }, 'default', { service: named });
    const file = profileFile({ environment: {}, home: stage.home }, 'default');
    await chmod(file, 0o644);
    const { code, stdout, stderr } = await stage.run('doctor --json');
    const { complete, findings } = JSON.parse(stdout) as Examination;
    const problem = `The profile ${file} has a token that other users of this machine can read.`;
    expect(stderr).toBe('');
    expect((await stage.run('doctor')).stderr).toContain(problem);
    expect([code, complete]).toEqual([2, false]);
    expect(findings.find(({ area }) => area === 'service')).toMatchObject({
      ...{ check: 'readiness', verdict: 'warn', looked: false, message: problem },
      next: expect.stringContaining('chmod 600') as unknown,
    });
    for (const area of ['database', 'issuer', 'license', 'disk', 'limits'])
      expect(findings.filter((one) => one.area === area && one.looked)).not.toEqual([]);
    // What is wrong with the command line ends it.
    expect(await stage.run('doctor --profile none')).toMatchObject({ code: 64, stdout: '' });
  });

  it('is a process that ends, prints no secret, and makes no database where none is', async () => {
    const secret = 'hunter2-hunter2-hunter2-hunter2-hunter2';
    const ran = await stage.spawn('doctor --json');
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    const directory = join(stage.home, 'none');
    stage.environment = {
      ...stage.environment,
      DATABASE_URL: `pglite://${directory}`,
      BOOTSTRAP_TOKEN: secret,
      ADMIN_USER: 'ada',
      ADMIN_PASSWORD: secret,
      LICENTIA_TOKEN: secret,
      USAGE_HASH_KEY: secret,
      ISSUER_PROXY_URL: `http://u:${secret}@127.0.0.1:2`,
    };
    const { code, stdout, stderr } = await stage.spawn('doctor --json');
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).not.toContain(secret);
    expect(stdout).toContain('There is no database in');
    expect(await stage.spawn(`verify ${directory} --keys x`)).toMatchObject({ code: 2 });
  });
});
