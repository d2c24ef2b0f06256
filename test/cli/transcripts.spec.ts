import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { BOOTSTRAP_TOKEN, TestService } from '../support/service.js';
import { CommandStage, type Ran } from './command-stage.js';

const ROOT_URL = 'http://localhost:3000/';
/** No program listens there. */
const AWAY = 'http://127.0.0.1:2';

describe('licentia, on a real service,', () => {
  let issuer: FakeIssuer;
  let database: TestDatabase;
  let service: TestService;
  let stage: CommandStage;

  beforeAll(async () => {
    [issuer, database] = [await FakeIssuer.start(), await testDatabase()];
    service = await TestService.start(database, { ROOT_URL, ISSUER_URL: issuer.url });
  });

  beforeEach(() => {
    stage = new CommandStage();
    stage.environment = { LICENTIA_URL: service.url, LICENTIA_TOKEN: BOOTSTRAP_TOKEN };
  });

  afterEach(() => stage.close());

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  it('installs a license, explains it, renews it, goes back and removes it', async () => {
    const license = stage.file('license.jwt', `${issuer.token({ lid: 'L-1', company: 'Example' })}\n`);
    await expectRuns([
      ['check', 1, 'false\n'],
      [`install --dry-run ${license}`, 0, /^upload\taccepted\ttrue\nupload\toutcome\tinstall\n/],
      ['check', 1, 'false\n'],
      [`install ${license}`, 0, /^status\tvalid\n[^]*\ncompany\tExample\n/, /^Installed\.\n$/],
      ['rollback --dry-run', 1, /./, 'There is no previous token.\n'],
      ['rollback --yes', 1, '', /license\.not-found[^]*Next: Run "licentia history"/],
      ['check', 0, 'true\n'],
      ['check --quiet', 0, ''],
      ['check --json', 0, 'true\n'],
      ['show', 0, /^status\tvalid\n[^]*\nlid\tL-1\n/],
      ['explain', 0, /^check\tat\t[^]*\nrule\tdatabase\tsignature\tpassed\t/],
      ['explain --at 2099-01-01', 0, /\ncheck\tstatus\texpired\n/],
      ['timeline', 0, /^\S+\ttrue\tvalid\t/],
      ['renew', 0, /^status\tvalid\n/, /^Renewed\.\n$/],
      ['renewal', 0, /\noutcome\trenewed\n/],
      ['attempts', 0, /^\S+\t\S+\t1\trenewed\t-\t-\tL-1\t/],
      ['history', 0, /^token\tcurrent\tL-1\t[^]*\nchange\t\S+\trenew\t/],
      ['renew --dry-run', 0, /^outcome\t/],
      ['rollback --dry-run', 0, /^token\tcurrent\tL-1\t[^]*\ntoken\tprevious\tL-1\t/, /would replace/],
      ['remove --dry-run', 0, /\nlid\tL-1\n/],
      ['rollback', 64, '', /Nobody can be asked here[^]*--yes/],
      ['rollback --yes', 0, /^status\tvalid\n/],
      ['remove', 64, '', new RegExp(`${ROOT_URL}[^]*--yes`)],
      ['remove --yes --instance http://somewhere.else/', 1, '', /instance\.mismatch/],
      ['remove --yes', 0, '', 'Removed.\n'],
      ['check', 1, 'false\n'],
      ['renew', 1, '', /license\.not-found[^]*licentia install/],
    ]);
  });

  it('creates an account whose token can do what its role says', async () => {
    const account = (await stage.run('account create bot')).stdout.split('\t')[0] as string;
    const created = await stage.run(`token create ${account} ci --expires-in 90d`);
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^licsa_\w+\n$/) as string });
    await expectRuns([[`token create ${account} unread --quiet`, 64, '', /--quiet prints no result/]]);
    stage.isOutputClosed = true;
    await expectRuns([[`token create ${account} unread`, 64, '', /Standard output is closed: nothing/]]);
    stage.isOutputClosed = false;
    await expectRuns([[`token list ${account}`, 0, /^\d+\tci\t[^\n]*\n$/]]);
    const administrator = stage.environment;
    stage.environment = { ...administrator, LICENTIA_TOKEN: created.stdout.trim() };
    await expectRuns([['check', 2, '', /access\.denied[^]*licentia role add/]]);
    stage.environment = administrator;
    await expectRuns([
      [`role add ${account} fixed:licensing:reader`, 0],
      [`account create bot`, 1, '', /service-account\.name-taken/],
      [`token list ${account}`, 0, /^\d+\tci\t[^]*\tworks\n$/],
      ['audit list --action role. --limit 1', 0, /\trole\.add\tservice-account:/],
    ]);
    stage.environment = { ...administrator, LICENTIA_TOKEN: created.stdout.trim() };
    expect((await stage.run('check')).code).toBeLessThan(2);
    await expectRuns([
      ['whoami', 0, /^name\tbot\nkind\tservice-account\nactions\tlicensing\.reports:read, licensing:read\n$/],
    ]);
    stage.environment = administrator;
    await expectRuns([['session list', 0, '']]);
  });

  it('makes a role, gives it, changes it and takes it away', async () => {
    await expectRuns([
      [
        'role create custom:deploy --uid deploy --action licensing:read --action licensing:update',
        0,
        /\tdeploy\t1\tlicensing:read, licensing:write\t\n$/,
      ],
      ['role create custom:deploy', 1, '', /role\.name-taken/],
      ['role show custom:deploy', 0, /\tdeploy\t1\t/],
      ['role show fixed:audit:reader', 0, /\taudit:read\tReads the audit log\n$/],
      ['role list --json', 0, /"description": "Reads the audit log"/],
      ['role show custom:nobody', 1, '', /no role with the name/],
      [
        'role update deploy --action licensing:read --description Reads.',
        0,
        /\tdeploy\t2\tlicensing:read\tReads\.\n$/,
      ],
    ]);
    const account = (await stage.run('account create deployer')).stdout.split('\t')[0] as string;
    await expectRuns([
      [`role set ${account} custom:deploy fixed:audit:reader`, 64, '', /--yes/],
      [`role set ${account} custom:deploy fixed:audit:reader --yes`, 0],
      [`role of ${account}`, 0, /^fixed:audit:reader\t[^]*\ncustom:deploy\tdeploy\t2\t/],
      [`role permissions ${account}`, 0, 'licensing:read\naudit:read\n'],
      ['role permissions', 0, /^licensing:read\n/],
      ['role list', 0, /\ncustom:deploy\tdeploy\t2\tlicensing:read\n/],
      ['role delete deploy --yes', 1, '', /role\.in-use/],
      ['role delete deploy --force --yes', 0],
      ['account list DEPLOY', 0, /^\d+\tdeployer\t/],
      [`account show ${account}`, 0, /^\d+\tdeployer\t/],
      [`account delete ${account}`, 64, '', /--yes/],
      [`account delete ${account} --yes`, 0],
      [`account show ${account}`, 1, '', /not-found/],
    ]);
  });

  it('names the lines of provisioning files that are wrong', async () => {
    const file = stage.file('access.yaml', 'apiVersion: 2\nroles:\n  - uid: "*"\n    state: absent\n');
    const provisioned = await testDatabase();
    const other = await TestService.start(provisioned, { ACCESS_PROVISIONING_PATH: file });
    stage.environment = { LICENTIA_URL: other.url, LICENTIA_TOKEN: BOOTSTRAP_TOKEN };
    await expectRuns([
      [
        'role provision --dry-run',
        1,
        '',
        /Correct these lines:\n {2}\/\S+\/access\.yaml:3: uid must have 1 to 40/,
      ],
      ['token generate', 0, /^licsa_\w{41}\t[0-9a-f]{64}\n$/],
    ]);
    stage.file('access.yaml', 'apiVersion: 2\nserviceAccounts: [{ name: robot }]\n');
    await expectRuns([
      ['role provision --dry-run', 0, 'service-account.create\tservice-account:robot\t\n'],
      ['role provision', 0, 'service-account.create\tservice-account:robot\t\n', /reloaded\.\n$/],
      ['role provision', 0, ''],
    ]);
    const leaked = `tokens: [{ name: ci, sha256: '${'0'.repeat(64)}' }]`;
    stage.file('access.yaml', `apiVersion: 2\nserviceAccounts: [{ name: robot, ${leaked} }]\n`);
    await expectRuns([
      ['role provision', 0, 'service-account.token.create\tservice-account:robot\tci\n'],
      ['token revoke 2 1 --yes', 0],
      ['token delete 2 1 --yes', 0],
      ['role provision', 0, '', /Not made:\n {2}\/\S+\/access\.yaml:2: this token is not made, as it was/],
    ]);
    await other.stop();
    await provisioned.drop();
  });

  it('counts users, and draws tables for a person alone', async () => {
    await expectRuns([
      ['usage seen anna', 0, 'accepted\t1\n'],
      ['usage admit anna --role editor', 0, /^admitted\ttrue\n/],
      ['usage explain anna', 0, /\ncounted\ttrue\n/],
      ['usage subjects --all --json', 0, /^\{\n {2}"subjects": \[/],
      ['usage ledger', 0, ''],
      ['usage delete anna', 64, '', /--yes/],
      ['usage delete anna --yes', 0, 'deleted\ttrue\n'],
    ]);
    stage.isTerminal = true;
    stage.columns = 120;
    const lines = (await stage.run('role list')).stdout.split('\n');
    expect(lines[0]).toMatch(/^\u001b\[1mname +uid +version +actions/);
    stage.environment.NO_COLOR = '1';
    expect((await stage.run('role list')).stdout).toMatch(/^name +uid +version +actions/);
    stage.columns = 40;
    expect((await stage.run('role list')).stdout).toMatch(
      /^name +basic:grafana_admin\nuid +basic_grafana_admin\n/,
    );
  });

  it('keeps a token that the service knows in a file of its owner alone, for that service alone', async () => {
    const file = join(stage.home, '.config/licentia/profiles/default.json');
    stage.environment = {};
    await expectRuns([
      [`login --url ${service.url} --token-stdin`, 1, '', /refuses the token[^]*Nothing was kept/, 'wrong'],
      ['profiles', 0, ''],
      [`login --url ${AWAY} --token-stdin`, 2, '', /client\.unreachable/, BOOTSTRAP_TOKEN],
      [`login --url ${service.url}`, 64, '', /no terminal[^]*--token-stdin/],
      [`login --url ${service.url} --token-stdin`, 0, /^profile\tdefault\n/, /./, `${BOOTSTRAP_TOKEN}\n`],
      ['status', 0, /^ready\tready\n/],
      ['show', 0],
      ['show --profile other', 64, '', /no profile "other"/],
      ['show --profile ../default', 64, '', /cannot have the name/],
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o644);
    await expectRuns([['show', 2, '', /other users of this machine can read/]]);
    await expectRuns([
      ['logout', 0],
      ['logout', 1],
      ['show', 2, '', /client\.unreachable|auth\.unauthorized/],
    ]);
  });

  it('says what is wrong and which command helps', async () => {
    const wrong = stage.file('wrong.jwt', 'a.b.c');
    await expectRuns([
      [
        `check --url ${AWAY}`,
        2,
        '',
        /^licentia: The service cannot be reached\.[^]*\nNext: .*licentia serve/,
      ],
      [`check --json --url ${AWAY}`, 2, '', /^\{"error":\{"code":"client\.unreachable",/],
      [`status --url ${AWAY}`, 2, '', /client\.unreachable/],
      ['check --url nonsense', 64, '', /is not an http or https URL/],
      [`inspect ${wrong}`, 1, /^upload\taccepted\tfalse\n/],
      [`install ${wrong}`, 1, '', /license\.(invalid|untrusted)/],
      ['install nowhere.jwt', 2, '', /cannot be read/],
      ['install -', 64, '', /input is empty/],
      ['explain --at 2026-02-30', 64, '', /argument '2026-02-30' is invalid/],
      ['chek', 64, '', /Did you mean check\?/],
      ['token list x', 64, '', /no whole number/],
      ['usage admit anna --kind cat', 64, '', /--kind must be/],
    ]);
    stage.environment = { LICENTIA_URL: service.url };
    await expectRuns([['show', 2, '', /auth\.unauthorized[^]*licentia login/]]);
    stage.environment = { LICENTIA_URL: service.url, LICENTIA_TOKEN: 'x', LICENTIA_TOKEN_FILE: 'y' };
    await expectRuns([['show', 64, '', /LICENTIA_TOKEN or LICENTIA_TOKEN_FILE, not both/]]);
    stage.environment = {
      LICENTIA_URL: service.url,
      LICENTIA_TOKEN_FILE: stage.file('token', `${BOOTSTRAP_TOKEN}\n`),
    };
    await expectRuns([['show', 0]]);
  });

  it('is a process that reads a license from a pipe, and ends with the same codes', async () => {
    const inspected = await stage.spawn('inspect -', issuer.token());
    expect(inspected).toMatchObject({ code: 0, stderr: '' });
    expect(inspected.stdout).toMatch(/^upload\taccepted\ttrue\n/);
    expect(await stage.spawn('issuer frobnicate')).toMatchObject({ code: 64 });
  });

  /** Runs commands in order: each has its line, its exit code, and what is on standard output, standard error and input. */
  async function expectRuns(
    runs: readonly (readonly [
      line: string,
      code: number,
      stdout?: string | RegExp,
      stderr?: string | RegExp,
      input?: string,
    ])[],
  ): Promise<void> {
    for (const [line, code, stdout = /^/, stderr = /^/, input] of runs) {
      const ran: Ran & { line: string } = { line, ...(await stage.run(line, input)) };
      expect(ran).toEqual({ line, code, stdout: matching(stdout), stderr: matching(stderr) });
    }
  }
});

function matching(text: string | RegExp): unknown {
  return typeof text === 'string' ? text : expect.stringMatching(text);
}
