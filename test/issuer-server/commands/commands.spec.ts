import { userInfo } from 'node:os';
import { IssuerServerError } from '../../../src/issuer-server/issuer-server-error.js';
import { type Command, readCommand } from '../../../src/issuer-server/commands/command-line.js';
import { UsageError } from '../../../src/issuer-server/commands/command-options.js';
import { runCommand } from '../../../src/issuer-server/commands/commands.js';
import { loadIssuerServerConfig } from '../../../src/config/issuer-server-config.js';
import { embeddedDatabase, type TestDatabase } from '../../support/database.js';
import { ISSUER_ID, TestIssuerServer } from '../test-issuer-server.js';

const line = (text: string) => readCommand(text.split(' ').filter((word) => word !== ''));

describe('the command line', () => {
  it.each(['', 'serve', 'serve --check-config', '--version', 'unheard-of'])(
    'has no command in "%s"',
    (text) => {
      expect(line(text)).toBeUndefined();
    },
  );

  it('reads every term of a license', () => {
    expect(
      line(
        'issue --sub http://a/ --lid 1 --company Example --product a --product b --users 5 --starts 1800000000 --days 10 --token-days 2 ' +
          '--warn-days 3 --token-warn-days 1 --update-days 4',
      ),
    ).toEqual({
      name: 'issue',
      terms: {
        sub: 'http://a/',
        lid: '1',
        company: 'Example',
        products: ['a', 'b'],
        includedUsers: 5,
        starts: 1_800_000_000,
        licenseSeconds: 864_000,
        tokenSeconds: 172_800,
        licenseWarnDays: 3,
        tokenWarnDays: 1,
        updateDays: 4,
      },
    });
  });

  it.each([
    ['issue --sub http://a/ --token-minutes 10', { terms: { tokenSeconds: 600 } }],
    ['issue --sub http://a/ --starts 2027-01-01', { terms: { starts: 1_798_761_600 } }],
    ['issue --sub http://a/ --starts 2027-01-01T00:00Z', { terms: { starts: 1_798_761_600 } }],
    ['issue --sub http://a/ --starts 2027-01-01T09:30:15+02:00', { terms: { starts: 1_798_788_615 } }],
    ['list', { name: 'list', json: false, usage: false }],
    ['list --json', { name: 'list', json: true, usage: false }],
    ['list --usage --json', { name: 'list', json: true, usage: true }],
    ['show 1', { name: 'show', lid: '1', json: false }],
    ['history 1 --json', { name: 'history', lid: '1', json: true }],
    [
      'change 1 --users 80 --product a --product b --company B --starts 1800000000 --days 10 --token-days 2 --warn-days 3 --token-warn-days 1 --update-days 4',
      {
        name: 'change',
        lid: '1',
        change: {
          includedUsers: 80,
          products: ['a', 'b'],
          company: 'B',
          starts: 1_800_000_000,
          licenseSeconds: 864_000,
          tokenSeconds: 172_800,
          licenseWarnDays: 3,
          tokenWarnDays: 1,
          updateDays: 4,
        },
      },
    ],
    [
      'issue --sub http://a/ --admins 3 --viewers 9 --devices-per-seat 3 --sessions 2 --billing on --seat-mode tolerance --seat-tolerance 10 --seat-window calendar-month --seat-leave free',
      {
        terms: {
          ...{ includedAdmins: 3, includedViewers: 9, anonymousRatio: 3, maxSessions: 2, usageBilling: true },
          seatPolicy: {
            mode: 'tolerance',
            tolerance_percent: 10,
            window: 'calendar-month',
            leave: 'free',
          },
        },
      },
    ],
    [
      'change 1 --no-admins --no-viewers --no-devices-per-seat --no-sessions --no-seat-policy --billing off',
      {
        change: {
          ...{ includedAdmins: null, includedViewers: null, anonymousRatio: null, maxSessions: null },
          ...{ seatPolicy: null, usageBilling: false },
        },
      },
    ],
    ['change 1 --seat-leave free', { change: { seatPolicy: { leave: 'free' } } }],
    ['change 1 --expires 2027-01-01', { name: 'change', change: { expires: 1_798_761_600 } }],
    ['change 1 --no-users --no-company', { name: 'change', change: { includedUsers: null, company: null } }],
    ['suspend 1', { name: 'suspend', lid: '1' }],
    ['revoke 1', { name: 'revoke', lid: '1' }],
    ['resume 1', { name: 'resume', lid: '1' }],
    ['prolong 1 --days 30', { name: 'prolong', lid: '1', by: { days: 30 } }],
    ['prolong 1 --until 2027-01-01', { name: 'prolong', lid: '1', by: { until: 1_798_761_600 } }],
    ['token 1', { name: 'token', lid: '1' }],
    ['repair 1', { name: 'repair', lid: '1' }],
    ['repair --all', { name: 'repair all' }],
    ['keys list', { name: 'keys list', json: false }],
    ['keys list --json', { name: 'keys list', json: true }],
    ['keys add', { name: 'keys add' }],
    ['keys add --algorithm PS256 --file a.pem', { name: 'keys add', alg: 'PS256', file: 'a.pem' }],
    ['keys activate abc', { name: 'keys activate', kid: 'abc', force: false }],
    ['keys retire --force -- -abc', { name: 'keys retire', kid: '-abc', force: true }],
    ['keys --help', { name: 'help' }],
    ['keys add --help', { name: 'help' }],
    ['confirm-clock', { name: 'confirm-clock' }],
    ['change-issuer-id', { name: 'change-issuer-id' }],
    ['issue --help', { name: 'help' }],
    ['revoke -h', { name: 'help' }],
  ])('reads "%s"', (text, command) => {
    expect(line(text)).toMatchObject(command);
  });

  it.each([
    'issue',
    'issue --sub',
    'issue --sub http://a/ --users five',
    'issue --sub http://a/ --days 0',
    'issue --sub http://a/ --days 1e3',
    'issue --sub http://a/ --token-days 1 --token-minutes 1',
    'issue --sub http://a/ --starts',
    'issue --sub http://a/ --starts tomorrow',
    'issue --sub http://a/ --starts 2027',
    'issue --sub http://a/ --starts 2027-02-29',
    'issue --sub http://a/ --starts 2027-13-01T00:00:00Z',
    'issue --sub http://a/ --starts 2027-01-01T00:00:00',
    'issue --sub http://a/ --starts 2027-01-01T25:00:00Z',
    'issue --sub http://a/ --starts -1',
    'issue --sub http://a/ --unheard-of',
    'issue http://a/',
    'list 1',
    'revoke',
    'revoke 1 2',
    'prolong 1',
    'prolong --days 1',
    'prolong 1 --days 1 --until 2027-01-01',
    'confirm-clock now',
    'show',
    'history 1 2',
    'change',
    'change 1',
    'change --users 5',
    'change 1 --users five',
    'change 1 --sub http://b/',
    'change 1 --lid 2',
    'change 1 --users 5 --no-users',
    'change 1 --company B --no-company',
    'change 1 --viewers 5 --no-viewers',
    'change 1 --seat-leave free --no-seat-policy',
    'issue --sub http://a/ --seat-mode strict',
    'issue --sub http://a/ --seat-tolerance 1001',
    'issue --sub http://a/ --billing yes',
    'issue --sub http://a/ --no-seat-policy',
    'change 1 --days 5 --expires 2027-01-01',
    'change 1 --token-days 1 --token-minutes 1',
    'keys',
    'keys rotate',
    'keys add --algorithm HS256',
    'keys add RS512',
    'keys activate',
    'keys retire a b',
  ])('refuses "%s"', (text) => {
    expect(() => line(text)).toThrow(UsageError);
  });
});

describe('a command', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await embeddedDatabase('issuer');
  });

  afterAll(async () => {
    await database.drop();
  });

  const run = async (text: string) =>
    runCommand(
      line(text) as Exclude<Command, { name: 'help' }>,
      loadIssuerServerConfig({ DATABASE_URL: database.url, ISSUER_ID }),
    );

  it('that issues a license prints its token alone, and the rest beside it', async () => {
    const { stdout, stderr } = await run('issue --sub http://localhost:3000 --lid demo --users 5');
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(stderr).toMatch(
      /^Issued: license demo for http:\/\/localhost:3000\/ \(grafana-enterprise\), active, starts \S+Z, ends \S+Z\n$/,
    );
  });

  it('that changes a license says what became of it', async () => {
    expect((await run('suspend demo')).stderr).toContain('suspended');
    expect((await run('resume demo')).stderr).toContain('active');
    expect((await run('prolong demo --days 365')).stderr).toContain('active');
    const changed = await run('change demo --users 8');
    expect(changed.stderr).toMatch(
      /^Done: license demo .*\nThe next renewal brings the new terms\. An instance that does not renew has the former ones until \S+Z\.\n$/,
    );
    expect((await run('change demo --users 8')).stderr).toMatch(/^Nothing to change: license demo/);
    const sheet = (await run('show demo')).stdout;
    expect(sheet).toMatch(
      /^License +demo\nStatus +active\nCompany +-\nIssuer +https:\/\/issuer\.example\.com\n/,
    );
    expect(sheet).toMatch(
      /\nUsers +8\nDevices +take no seats\nSessions +no limit\nSeats +active-only, rolling-30d, keep\n.*\nTokens +last 7 days, warning 2 days before, renewed after 1 day\n/s,
    );
    expect((await run('revoke demo')).stderr).toContain('revoked');
  });

  it('tells what happened to a license, and by whom', async () => {
    const lines = (await run('history demo')).stdout.split('\n');
    expect(lines.map((text) => text.split(/ {2,}/)[1])).toEqual([
      ...['EVENT', 'issued', 'suspended', 'resumed', 'prolonged', 'changed', 'revoked', undefined],
    ]);
    expect(lines[1]).toMatch(/^\S+Z +issued +\S+ +token [\w-]{36} until \S+Z$/);
    expect(lines[4]).toMatch(/ lexp: \S+Z -> \S+Z$/);
    expect(lines[5]).toMatch(/ included_users: 5 -> 8$/);
    expect(JSON.parse((await run('history demo --json')).stdout)[4]).toMatchObject({
      kind: 'changed',
      actor: userInfo().username,
      changes: { included_users: { before: 5, now: 8 } },
    });
    await expect(run('history nothing')).rejects.toThrow('There is no license "nothing".');
    await expect(run('show nothing')).rejects.toThrow('There is no license "nothing".');
  });

  it('lists the licenses for people and for programs', async () => {
    const { stdout } = await run('list');
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(
        /^LICENSE +STATUS +COMPANY +ISSUER +INSTANCE +PRODUCTS +USERS +STARTS +ENDS +LAST TOKEN +LAST RENEWAL +NEXT END$/,
      ),
      expect.stringMatching(
        /^demo +revoked +- +https:\/\/issuer.example.com +http:\/\/localhost:3000\/ +grafana-enterprise +8 +\S+Z +\S+Z +\S+Z +- +-$/,
      ),
      '',
    ]);
    expect(JSON.parse((await run('list --json')).stdout)).toEqual([
      expect.objectContaining({
        lid: 'demo',
        status: 'revoked',
        iss: ISSUER_ID,
        included_users: 8,
        last_renewal: null,
        next_end: null,
        revoked_at: expect.any(Number),
      }),
    ]);
  });

  it('rotates the signing key, and tells people and programs where each one stands', async () => {
    const added = await run('keys add --algorithm EdDSA');
    const kid = added.stdout.trim();
    expect(added.stdout).toMatch(/^[\w-]{43}\n$/);
    expect(added.stderr).toMatch(/^Published: the key \S+\. It can be activated from \S+Z on\.\n$/);
    const listed = (await run('keys list')).stdout.split('\n');
    expect(listed).toEqual([
      expect.stringMatching(/^KEY +STATE +ALGORITHM +PRIVATE PART +PUBLISHED +ACTIVE +TOKENS UNTIL$/),
      expect.stringMatching(/^\S{43} +active +ES256 +in clear +\S+Z +\S+Z +\S+Z \(1\)$/),
      expect.stringMatching(/^\S{43} +published +EdDSA +in clear +\S+Z +from \S+Z on +-$/),
      '',
    ]);
    await expect(run(`keys activate ${kid}`)).rejects.toThrow(/can be activated from/);
    expect((await run(`keys activate ${kid} --force`)).stderr).toMatch(
      /^Done: the key \S+ \(EdDSA\) is active\./,
    );
    const former = listed[1]?.split(' ')[0] ?? '';
    await expect(run(`keys retire -- ${former}`)).rejects.toThrow(/1 license has unexpired tokens/);
    expect((await run(`keys retire --force -- ${former}`)).stderr).toMatch(/^Done: the key \S+ is retired/);
    expect(JSON.parse((await run('keys list --json')).stdout)).toEqual([
      expect.objectContaining({ kid, state: 'active', active_from: null, licenses: 0, tokens_until: null }),
      expect.objectContaining({ kid: former, state: 'retired', private_part: '-', licenses: 1 }),
    ]);
    // The next commands sign with it.
    expect((await run('issue --sub http://localhost:3000 --lid signed')).stdout).toMatch(/^\S+\n$/);
    expect(JSON.parse((await run('keys list --json')).stdout)[0]).toMatchObject({ kid, licenses: 1 });
  });

  it('says what to do when the issuer is running on an embedded database', async () => {
    const issuerServer = await TestIssuerServer.start(database);
    try {
      await expect(run('list')).rejects.toThrow(IssuerServerError);
      await expect(run('list')).rejects.toThrow(/in use by .*stop it .*ISSUER_ADMIN_TOKEN.*PostgreSQL/s);
    } finally {
      await issuerServer.stop();
    }
  });
});
