import { jest } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandBlock, commandBlocks, pages } from '../support/command-blocks.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';
import { ServiceProcess } from '../support/service-process.js';
import { Terminal } from '../support/terminal.js';

// Each command is a start of a program on an embedded database; a busy machine takes seconds for one.
jest.setTimeout(600_000);

const PASSWORD = 'a-password-of-this-test';
const ISSUE = 'node dist/cli/main.js issuer issue --sub http://localhost:3000/ --company Example';
const ISSUER_TOKEN_FILE = 'issuer-admin-token';

/** The blocks that do not run here, by how they begin, and why. The list may only shrink. */
const NOT_RUN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'README.md': {
    'npm ci && npm start': 'installs packages; `npm run check -- quickstart` runs what it starts',
    'npm ci && npm test': 'installs packages; this is a part of it',
    'npm ci && npm run build': 'installs packages, and names a server of the reader',
    'export LICENTIA_ISSUER_URL=http://localhost:3001 LICENTIA_ISSUER_TOKEN_FILE=./data/':
      'needs what `npm start` runs: walkthrough.spec.ts beside this file',
    'deploy/make-secrets.sh': 'needs Docker; `npm run compose:check` tries it with podman',
  },
  'docs/air-gap.md': { '': 'air-gap.spec.ts beside this file runs the page' },
  'docs/containers.md': { '': 'needs Docker; `npm run compose:check` tries what it can with podman' },
  'docs/database.md': {
    'DATABASE_URL=postgres://owner': 'needs roles of PostgreSQL: test/postgres/database-role.spec.ts',
    'DATABASE_URL=pglite': 'test/schema/transfer.spec.ts exports and imports',
  },
  'docs/explain.md': {
    'curl -s -H "Authorization: Bearer $TOKEN" http://localhost:3000/api/licensing/check/explain |':
      'needs jq, and shows one moment; the calls are those of the first block',
    'curl -s -H "Authorization: Bearer $TOKEN" http://localhost:3000/api/licensing/timeline |':
      'needs jq, and shows one moment; the calls are those of the first block',
  },
  'docs/issuer-protocol.md': {
    'npx licentia issuer confirm-clock':
      'needs a clock that was wrong: test/issuer-server/record/wrong-clock.spec.ts',
  },
  'docs/licenses.md': {
    'openssl rand': 'writes into /etc; test/licensing/encryption and test/process/main.spec.ts run it',
    'export LICENSE_ENCRYPTION_KEY': 'restarts replicas between its lines; test/licensing/encryption',
  },
  'docs/lock-down.md': { '': 'lock-down.spec.ts beside this file runs the page' },
  'docs/operations.md': {
    'role=': 'needs a role of a server: test/database-faults/credentials.spec.ts rotates its password',
    'umask 077\nprintf': 'needs pg_dump: test/database-faults/restore.spec.ts',
    'pg_restore --clean': 'needs pg_restore: test/database-faults/restore.spec.ts',
    createdb: 'needs pg_restore: test/database-faults/restore.spec.ts',
    'DATABASE_URL=pglite://./data/authority':
      'test/issuer-server/record/wrong-clock.spec.ts runs confirm-clock',
    'ISSUER_CA_PATH=': 'settings; test/e2e/issuer/outside.e2e.ts uses them',
  },
  'docs/performance.md': { '': 'measures for a minute, on a machine of its own' },
  'docs/reliability.md': { '': 'is a test suite: test/database-faults' },
  'docs/reverse-proxy.md': { '': 'settings; test/http/client-address.spec.ts uses them' },
  'docs/scaling.md': {
    '': 'needs PostgreSQL and HAProxy, or Docker; `npm run verify -- rolling failover compose` runs it',
  },
  'docs/signing-keys.md': {
    '': 'waits for a day between its steps; test/issuer-server runs the commands of keys',
  },
  'docs/systemd.md': { '': 'needs root and systemd; test/contract/systemd.spec.ts verifies the unit' },
  'docs/verification.md': { '': 'is a test suite: test/vectors' },
  'docs/walkthrough.md': { '': 'walkthrough.spec.ts beside this file runs it' },
  'examples/express/README.md': { '': 'test/examples runs the example' },
  'examples/nest/README.md': { '': 'test/examples runs the example' },
  'examples/seats/README.md': { '': 'test/examples runs the example' },
};

/** What the second time says instead of success, where a page makes what exists then. */
const NAME_TAKEN = 'A service account of this name exists already.';

/** Blocks of a page that run one after the other in one shell, twice. */
interface Sitting {
  readonly page: string;
  /** How its blocks begin; all that are not in NOT_RUN unless given. */
  readonly blocks?: readonly string[];
  readonly before?: string;
  /** Whether it calls the issuer, or has the service call it. */
  readonly issuer?: true;
  /** Why it runs once alone. */
  readonly once?: string;
  /** By the begin of a block, what it says the second time. */
  readonly again?: Readonly<Record<string, string>>;
}

/** What has to work with and without accounts. */
const ACCOUNTS: readonly Sitting[] = [
  {
    page: 'README.md',
    blocks: ['export LICENTIA_URL', 'curl -H'],
    issuer: true,
  },
  { page: 'docs/access.md', again: { 'API=': NAME_TAKEN, 'call GET "service': '"Not found"' } },
  {
    page: 'docs/integrating.md',
    blocks: ['API=', 'curl --fail'],
    again: { 'API=': NAME_TAKEN, 'curl --fail': '"auth.unauthorized"' },
  },
];

const OTHERS: readonly Sitting[] = [
  { page: 'docs/explain.md' },
  { page: 'docs/renewal.md', issuer: true },
  { page: 'docs/operations.md', blocks: ['kill -HUP'] },
  { page: 'docs/issuer-protocol.md', issuer: true, before: 'TOKEN=$LICENSE' },
  { page: 'docs/licenses.md', issuer: true },
  { page: 'docs/audit.md' },
  { page: 'docs/usage.md' },
];

const ANOTHER = 'a second time is another license, as docs/issuer-protocol.md tries it';

/** What needs no service that runs already. */
const PROGRAMS: readonly Sitting[] = [
  { page: 'docs/configuration.md' },
  { page: 'docs/operations.md', blocks: ['node dist/cli/main.js doctor'] },
  { page: 'docs/integrating.md', blocks: ['npx licentia issuer'], once: ANOTHER },
  {
    page: 'README.md',
    blocks: [
      '(umask 077',
      'export LICENTIA_ISSUER_URL=http://localhost:3001 LICENTIA_ISSUER_TOKEN_FILE=issuer',
    ],
    once: ANOTHER,
  },
  { page: 'docs/operations.md', blocks: ['kill -TERM'], before: 'node dist/main.js' },
];

const reasonNotToRun = ({ page, text }: CommandBlock) =>
  Object.entries(NOT_RUN[page] ?? {}).find(([begin]) => text.startsWith(begin))?.[1];

function blocksOf({ page, blocks }: Sitting): CommandBlock[] {
  return commandBlocks(page).filter((block) =>
    blocks === undefined
      ? reasonNotToRun(block) === undefined
      : blocks.some((begin) => block.text.startsWith(begin)),
  );
}

type Environment = Readonly<Record<string, string>>;

const titleOf = (sitting: Sitting) => `${sitting.page} (${blocksOf(sitting)[0]?.text.slice(0, 24)} …)`;

describe('Every command block of README, docs and examples', () => {
  const all = pages().flatMap(commandBlocks);
  const name = ({ page, line, text }: CommandBlock) => `${page}:${line} ${text.split('\n')[0]}`;

  it('is run by a test, or listed with the reason why not, and never both', () => {
    const run = new Set([...ACCOUNTS, ...OTHERS, ...PROGRAMS].flatMap(blocksOf).map(name));
    expect(run.size).toBeGreaterThan(15);
    const wrong = all.filter((block) => run.has(name(block)) === (reasonNotToRun(block) !== undefined));
    expect(wrong.map(name)).toEqual([]);
  });

  it('that is listed is there', () => {
    const listed = Object.entries(NOT_RUN).flatMap(([page, begins]) =>
      Object.keys(begins).map((begin) => [page, begin] as const),
    );
    const gone = listed.filter(
      ([page, begin]) => !all.some((block) => block.page === page && block.text.startsWith(begin)),
    );
    expect(gone).toEqual([]);
  });
});

describe('Pasted in order, and a second time,', () => {
  let terminal: Terminal;
  let license: string;
  let other: string;

  beforeAll(async () => {
    terminal = await Terminal.open();
    [license, other] = [await issue(), await issue()];
    await terminal.paste('mkdir secrets');
    writeFileSync(join(terminal.directory, 'secrets/admin_password'), `${PASSWORD}\n`);
    writeFileSync(join(terminal.directory, ISSUER_TOKEN_FILE), 'a-token-of-the-operators-of-this-test\n');
  });

  afterAll(async () => terminal.close());

  const issue = async () => (await terminal.paste(`${ISSUE} 2>/dev/null`)).output.trim();

  /** Pastes the blocks of a page into a shell that is there. @returns what they said */
  async function paste(sitting: Sitting, time: 'first' | 'second'): Promise<string> {
    let said = '';
    for (const { text, page, line } of blocksOf(sitting)) {
      const { status, output } = await terminal.paste(text);
      said += output;
      const refusal = Object.entries(sitting.again ?? {}).find(([begin]) => text.startsWith(begin))?.[1];
      const what = { block: `${page}:${line}`, time, output };
      if (time === 'second' && refusal !== undefined) {
        expect(what).toEqual({ ...what, output: expect.stringContaining(refusal) });
        expect(what).toEqual({ ...what, output: expect.not.stringContaining('licsa_') });
      } else {
        const right = expect.not.stringMatching(FAILED) as string;
        expect({ ...what, status }).toEqual({ ...what, status: 0, output: right });
      }
    }
    return said;
  }

  describe.each([
    ['without accounts', ACCOUNTS],
    ['with accounts', [...ACCOUNTS, ...OTHERS]],
  ])('on a service %s,', (accounts, sittings) => {
    let database: TestDatabase;
    let service: ServiceProcess;
    let environment: Environment;

    beforeAll(async () => {
      await startIssuer();
      database = await testDatabase();
      service = await ServiceProcess.start({
        DATABASE_URL: database.url,
        PORT: new URL(terminal.addresses.service).port,
        ISSUER_ID: 'http://localhost:3001',
        ISSUER_URL: terminal.addresses.issuer,
        ADMIN_USER: 'admin',
        ADMIN_PASSWORD: PASSWORD,
      });
      const TOKEN = accounts === 'with accounts' ? await administratorOf(service) : BOOTSTRAP_TOKEN;
      environment = {
        ...{ TOKEN, PID: String(service.pid) },
        ...{ LICENTIA_ISSUER_URL: terminal.addresses.issuer, LICENTIA_ISSUER_TOKEN_FILE: ISSUER_TOKEN_FILE },
      };
    });

    afterAll(async () => {
      await service.kill('SIGTERM');
      await database.drop();
    });

    it.each(sittings.map((sitting) => [titleOf(sitting), sitting] as const))(
      '%s does what it says, and hands out nothing of others',
      async (_, sitting) => {
        const tokens = await tokensOfFirst();
        let said = '';
        for (const time of ['first', 'second'] as const) {
          if (sitting.issuer) await startIssuer();
          await service.call('POST', '/api/licensing/token', { token: license });
          expect((await service.call('GET', '/api/licensing/check')).text).toBe('true');
          said += await terminal.fresh({ ...environment, LICENSE: other }, async () => {
            if (sitting.before !== undefined) await terminal.paste(sitting.before);
            return paste(sitting, time);
          });
        }
        // A key of a page is of an account of its own, and can remove no license.
        for (const key of said.match(/licsa_\w+/g) ?? [])
          expect([401, 403]).toContain(await statusOfRemoval(key));
        if (accounts === 'with accounts') expect(await tokensOfFirst()).toEqual(tokens);
      },
    );

    async function startIssuer(): Promise<void> {
      const runs = await fetch(`${terminal.addresses.issuer}/healthz`).catch(() => undefined);
      if (runs === undefined)
        await terminal.paste(`ISSUER_ADMIN_TOKEN_FILE=${ISSUER_TOKEN_FILE} npx licentia issuer serve`);
    }

    async function tokensOfFirst(): Promise<unknown> {
      const { text } = await service.call('GET', '/api/serviceaccounts/1/tokens');
      const tokens = JSON.parse(text) as { id: number; name: string }[];
      return Array.isArray(tokens) ? tokens.map(({ id, name }) => ({ id, name })) : [];
    }

    async function statusOfRemoval(key: string): Promise<number> {
      const response = await fetch(`${service.url}/api/licensing/token`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: '{"instance":"http://somewhere.else/"}',
      });
      return response.status;
    }
  });

  describe('with the programs alone,', () => {
    // The issuer of the pages before has the database that these work on.
    beforeAll(async () => terminal.stop('authority'));

    it.each(PROGRAMS.map((sitting) => [titleOf(sitting), sitting] as const))(
      '%s does what it says',
      async (_, sitting) => {
        await terminal.fresh({}, async () => {
          if (sitting.before !== undefined) await terminal.paste(sitting.before);
          await paste(sitting, 'first');
          if (sitting.once === undefined) await paste(sitting, 'second');
        });
      },
    );
  });
});

/** What the output of a block has when a call or a program in it failed. */
const FAILED = /"statusCode":|accessErrorId|curl: \(|command not found|No such file|Usage:/;

/** What `npm start` has: account 1 is the administrator. @returns its token */
async function administratorOf(service: ServiceProcess): Promise<string> {
  const account = await service.call('POST', '/api/serviceaccounts', { name: 'administrator' });
  expect(JSON.parse(account.text)).toMatchObject({ id: 1 });
  const roleUid = 'basic_grafana_admin';
  await service.call('POST', '/api/access-control/users/1/roles', { roleUid });
  const token = await service.call('POST', '/api/serviceaccounts/1/tokens', { name: 'token' });
  return (JSON.parse(token.text) as { key: string }).key;
}
