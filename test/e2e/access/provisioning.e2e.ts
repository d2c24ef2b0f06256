import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServiceAccountToken } from '../../../src/access/service-account-token.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { type Reply, TestService } from '../../support/service.js';

const RELOAD = '/api/admin/provisioning/access-control/reload';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('Provisioning', () => {
  const token = createServiceAccountToken();
  let folder: string;
  let database: TestDatabase;
  let service: TestService;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'licentia-provisioning-'));
    database = await testDatabase();
  });

  afterEach(async () => {
    await service.stop();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const start = async (environment = {}) => {
    service = await TestService.start(database, { ACCESS_PROVISIONING_PATH: folder, ...environment });
  };
  const reload = async (query = ''): Promise<Reply> => service.post(`${RELOAD}${query}`, {});
  const check = async (key: string) => (await service.get('/api/licensing/check', { token: key })).status;
  const roles = `apiVersion: 2
roles:
  - uid: deployer
    name: custom:license:deployer
    version: 3
    permissions:
      - action: licensing:read
      - action: licensing:update
`;
  const accounts = (state = 'present', isDisabled = false) => `apiVersion: 2
serviceAccounts:
  - name: deployment
    isDisabled: ${isDisabled}
    state: ${state}
    tokens:
      - name: ci
        sha256: '${sha256(token)}'
assignments:
  - serviceAccount: deployment
    role: custom:license:deployer
    state: ${state}
`;

  it('sets a cluster up without a first call, and finds nothing to do at the next start', async () => {
    write('roles.yaml', roles);
    write('accounts.yml', accounts());
    await start({ BOOTSTRAP_TOKEN: undefined });
    expect(await check(token)).toBe(200);
    await service.stop();
    await start();
    const { records } = (await service.get('/api/audit')).body as unknown as {
      records: { actor: string; action: string }[];
    };
    expect(records.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      'provisioning role.add',
      'provisioning service-account.token.create',
      'provisioning service-account.create',
      'provisioning role.create',
    ]);
  });

  it('says in a dry run what would change, and changes nothing', async () => {
    write('roles.yaml', roles);
    await start();
    write('accounts.yaml', accounts());
    const dry = await reload('?dryRun=true');
    const changes = [
      { action: 'service-account.create', target: 'service-account:deployment', detail: '' },
      { action: 'service-account.token.create', target: 'service-account:deployment', detail: 'ci' },
      { action: 'role.add', target: 'service-account:deployment', detail: 'custom:license:deployer' },
    ];
    expect([dry.status, dry.body]).toEqual([200, { message: 'Nothing was changed', dryRun: true, changes }]);
    expect(await check(token)).toBe(401);
    expect((await reload('?dryRun=false')).body).toMatchObject({ dryRun: false, changes });
    expect(await check(token)).toBe(200);
    expect((await reload()).body).toMatchObject({ changes: [] });
  });

  it('disables, replaces and takes away what the files say, and leaves what they do not name', async () => {
    write('roles.yaml', roles);
    write('accounts.yaml', accounts());
    await start();
    const other = await service.caller('deployer');
    write('accounts.yaml', accounts('present', true));
    await reload();
    expect(await check(token)).toBe(401);
    const next = createServiceAccountToken();
    write('accounts.yaml', accounts().replace(sha256(token), sha256(next)));
    await reload();
    expect([await check(token), await check(next)]).toEqual([401, 200]);
    write('roles.yaml', roles.replace(/ {6}- action: licensing:read\n/, ''));
    await reload();
    expect([await check(next), await check(other.token)]).toEqual([403, 403]);
    write('accounts.yaml', accounts('absent'));
    write('roles.yaml', 'apiVersion: 2\nroles:\n  - uid: deployer\n    state: absent\n');
    const { body } = await reload();
    expect(body).toMatchObject({
      changes: [{ action: 'role.delete' }, { action: 'service-account.delete' }],
    });
    expect((await service.get(`/api/serviceaccounts/${other.id}`)).status).toBe(200);
    expect((await service.get('/api/access-control/roles/deployer')).status).toBe(404);
  });

  it('lets a token expire when the files say so, and follows them when they say another moment or none', async () => {
    write('roles.yaml', roles);
    const expiring = (seconds: number) => {
      const moment = new Date(service.clock.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z');
      write('accounts.yaml', accounts().replace(/( +)(sha256: .*)/, `$1$2\n$1expiresAt: ${moment}`));
    };
    await start();
    expiring(60);
    await reload();
    expect([await check(token), (await reload()).body]).toMatchObject([200, { changes: [] }]);
    service.clock.advance(60_000);
    expect(await check(token)).toBe(401);
    expiring(60);
    const change = { target: 'service-account:deployment', detail: 'ci' };
    expect((await reload()).body).toMatchObject({
      changes: [{ action: 'service-account.token.update', ...change }],
    });
    expect(await check(token)).toBe(200);
    write('accounts.yaml', accounts());
    await reload();
    service.clock.advance(600_000);
    expect(await check(token)).toBe(200);
    const { records } = (await service.get('/api/audit?action=service-account.token.update')).body;
    expect(records).toMatchObject([
      { before: { expiresAt: expect.stringMatching(/Z$/) }, after: { expiresAt: null } },
      {
        before: { expiresAt: expect.stringMatching(/Z$/) },
        after: { expiresAt: expect.stringMatching(/Z$/) },
      },
    ]);
  });

  it.each(['2027-02-29T00:00:00Z', '2027-01-01', '2027-01-01T00:00:00+01:00', '1798761600', '~'])(
    'takes no expiry that is written %s',
    async (moment) => {
      write('a.yaml', `apiVersion: 2\n`);
      await start();
      const entry = `{ name: ci, sha256: '${sha256(token)}', expiresAt: ${moment} }`;
      write('a.yaml', `apiVersion: 2\nserviceAccounts:\n  - name: deployment\n    tokens: [${entry}]\n`);
      expect((await reload()).body).toMatchObject({
        messageId: 'provisioning.faulty',
        faults: [{ line: 4, rule: 'expiresAt must be a moment in UTC such as 2027-01-31T00:00:00Z' }],
      });
    },
  );

  it('says in words of its own, and once a line, what the file is not', async () => {
    write('a.yaml', `apiVersion: 2\n`);
    await start();
    write('a.yaml', `apiVersion: 2\n---\napiVersion: 2\n`);
    const rule = 'a file is one document: move this one to a file of its own';
    expect((await reload()).body).toMatchObject({ faults: [{ line: 2, rule }] });
    write('a.yaml', `apiVersion: 2\nroles: ${'['.repeat(3_000)}\n`);
    const { body } = await reload();
    expect(body.faults).toEqual([{ file: join(folder, 'a.yaml'), line: 2, rule: 'it is nested too deeply' }]);
  });

  it('reads the SHA-256 of a token in capital letters too', async () => {
    write('a.yaml', roles);
    write('b.yaml', accounts().replace(sha256(token), sha256(token).toUpperCase()));
    await start();
    expect((await service.get('/api/licensing/check', { token })).status).toBe(200);
  });

  it('changes nothing where one file has a fault, and names file, line and rule of each', async () => {
    write('a.yaml', roles);
    write('b.yaml', accounts());
    await start();
    write(
      'a.yaml',
      `apiVersion: 2
roles:
  - uid: deployer
    name: custom:license:deployer
    permissions:
      - action: licensing:destroy
      - action: licensing:read
        scope: everything
  - uid: fixed_mine
    name: '*'
    permissions: none
    hidden: true
`,
    );
    write(
      'b.yaml',
      `apiVersion: 2\nserviceAccounts:\n  - name: deployment\n    state: gone\n    tokens: [{ name: ci, sha256: 7 }]\n`,
    );
    write('c.yaml', 'apiVersion: 1\n');
    write('d.yaml', 'apiVersion: 2\nroles: [\n');
    write('e.yaml', `apiVersion: 2\nserviceAccounts:\n  - name: deployment\n`);
    write('ignored.txt', 'apiVersion: 1\n');
    const reply = await reload();
    expect([reply.status, reply.body.messageId]).toEqual([422, 'provisioning.faulty']);
    const { faults } = reply.body as unknown as { faults: { file: string; line: number; rule: string }[] };
    const said = faults.map(({ file, line, rule }) => `${file.slice(-6)}:${line} ${rule.slice(0, 28)}`);
    expect(said).toEqual([
      'a.yaml:6 action must be an action of ',
      'a.yaml:8 scope must be empty: no acti',
      'a.yaml:12 a role has no member "hidden',
      'a.yaml:9 uid must not begin with fixe',
      'a.yaml:10 name must be a name of 1 to ',
      'a.yaml:11 permissions must be a list o',
      'b.yaml:5 sha256 must be the SHA-256 o',
      'b.yaml:4 state must be present or abs',
      'c.yaml:1 apiVersion must be 2',
      expect.stringMatching(/^d\.yaml:\d /),
      'e.yaml:3 this service account is name',
    ]);
    expect(await check(token)).toBe(200);
    await service.stop();
    await start();
    expect(await check(token)).toBe(200);
  });

  it('names the line of an assignment to what there is not', async () => {
    write('a.yaml', roles);
    await start();
    write('b.yaml', 'apiVersion: 2\nassignments:\n\n  - serviceAccount: nobody\n    role: deployer\n');
    const { body } = await reload();
    expect(body).toMatchObject({
      messageId: 'provisioning.faulty',
      faults: [{ file: join(folder, 'b.yaml'), line: 4, rule: 'there is no such service account' }],
    });
  });

  it('leaves an account disabled that was disabled meanwhile, where the files do not say isDisabled', async () => {
    write('roles.yaml', roles);
    write('accounts.yaml', accounts().replace(/ +isDisabled: .*\n/, ''));
    await start();
    expect(await check(token)).toBe(200);
    const { body } = await service.get('/api/serviceaccounts/search?query=deployment');
    const [{ id }] = body.serviceAccounts as [{ id: number }];
    await service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { isDisabled: true } });
    expect((await reload()).body).toMatchObject({ changes: [] });
    await service.stop();
    await start();
    expect(await check(token)).toBe(401);
    write('accounts.yaml', accounts());
    expect((await reload()).status).toBe(200);
    expect(await check(token)).toBe(200);
  });

  it('gives no more by a name than the caller held who renamed an account to it', async () => {
    const before = accounts().replace('custom:license:deployer', 'fixed:serviceaccounts:writer');
    write('a.yaml', before);
    await start();
    const own = async (key: string) => {
      const { body } = await service.get('/api/access-control/user/permissions', { token: key });
      return Object.keys(body).sort();
    };
    const held = await own(token);
    expect(held).toContain('serviceaccounts:write');
    const { body: found } = await service.get('/api/serviceaccounts/search?query=deployment');
    const [{ id }] = found.serviceAccounts as [{ id: number }];
    const rename = async (name: string, by?: string) =>
      service.call('PATCH', `/api/serviceaccounts/${id}`, {
        body: { name },
        ...(by === undefined ? {} : { token: by }),
      });
    const { body: second } = await service.post(
      `/api/serviceaccounts/${id}/tokens`,
      { name: 'second' },
      { token },
    );
    expect((await rename('root', token)).status).toBe(200);
    write(
      'a.yaml',
      'apiVersion: 2\nserviceAccounts: [{ name: root }]\n' +
        'assignments: [{ serviceAccount: root, role: basic_grafana_admin }]\n',
    );
    expect((await reload()).status).toBe(200);
    expect(await own(token)).toEqual(held);
    expect(await own(second.key as string)).toEqual(held);
    // An administrator may give any name, and takes nothing away by it.
    const { body: third } = await service.post(`/api/serviceaccounts/${id}/tokens`, { name: 'third' });
    expect((await rename('chief')).status).toBe(200);
    expect(await own(third.key as string)).toContain('roles:write');
  });

  it('gives its tokens all that their account has again, after a caller with less renamed it and back', async () => {
    write('a.yaml', accounts().replace('custom:license:deployer', 'fixed:serviceaccounts:writer'));
    await start();
    const { body: found } = await service.get('/api/serviceaccounts/search?query=deployment');
    const [{ id }] = found.serviceAccounts as [{ id: number }];
    const rename = async (name: string) =>
      service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { name }, token });
    expect((await rename('other')).status).toBe(200);
    const { body } = await reload();
    expect(body.faults).toEqual([
      expect.objectContaining({ rule: 'a token of the service account "other" has this SHA-256' }),
    ]);
    expect((await rename('deployment')).status).toBe(200);
    write(
      'b.yaml',
      'apiVersion: 2\nassignments: [{ serviceAccount: deployment, role: basic_grafana_admin }]\n',
    );
    expect((await reload()).body.changes).toHaveLength(2);
    expect((await reload()).body.changes).toEqual([]);
    expect(await check(token)).toBe(200);
  });

  it('gives no more by a role to accounts that no file gives it to, as one that was made under its uid first', async () => {
    await start();
    const { body: squatter } = await service.post('/api/serviceaccounts', { name: 'squatter' });
    const { body: made } = await service.post(`/api/serviceaccounts/${squatter.id as number}/tokens`, {
      name: 'ci',
    });
    await service.post('/api/access-control/roles', { uid: 'deployer', name: 'mine', permissions: [] });
    await service.post(`/api/access-control/users/${squatter.id as number}/roles`, { roleUid: 'deployer' });
    write('roles.yaml', roles);
    write('accounts.yaml', accounts());
    const { status, body } = await reload();
    expect(status).toBe(422);
    expect(body.faults).toEqual([
      {
        file: join(folder, 'roles.yaml'),
        line: 3,
        rule: expect.stringMatching(/^it would give more to "squatter", which no file gives this role: /),
      },
    ]);
    expect([await check(made.key as string), await check(token)]).toEqual([403, 401]);
    const assignment = '\n  - serviceAccount: squatter\n    role: deployer\n    state: ';
    write('accounts.yaml', `${accounts()}${assignment}absent\n`);
    expect((await reload()).status).toBe(200);
    expect([await check(made.key as string), await check(token)]).toEqual([403, 200]);
    // What a file names it may have, and a role that gives less asks for nothing.
    write('accounts.yaml', `${accounts()}${assignment}present\n`);
    expect((await reload()).status).toBe(200);
    write('accounts.yaml', accounts());
    write('roles.yaml', roles.replace(/ +- action: licensing:update\n/, ''));
    expect((await reload()).status).toBe(200);
    expect([await check(made.key as string), await check(token)]).toEqual([200, 200]);
  });

  it('keeps the last holder of roles:write', async () => {
    write(
      'a.yaml',
      `apiVersion: 2
serviceAccounts:
  - name: root
    tokens: [{ name: root, sha256: '${sha256(token)}' }]
assignments:
  - { serviceAccount: root, role: basic_grafana_admin }
`,
    );
    await start({ BOOTSTRAP_TOKEN: undefined });
    write('a.yaml', 'apiVersion: 2\nserviceAccounts: [{ name: root, state: absent }]\n');
    const reply = await service.post(RELOAD, {}, { token });
    expect([reply.status, reply.body.messageId]).toEqual([409, 'access.last-administrator']);
    expect(await check(token)).toBe(200);
  });

  it('gives no account more tokens than its limit, and applies where a limit was lowered below what is there', async () => {
    const named = (count: number) =>
      Array.from(
        { length: count },
        (_, index) => `{ name: t${index}, sha256: '${sha256(`${token}${index}`)}' }`,
      );
    const text = (tokens: number, more = '') =>
      `apiVersion: 2\nserviceAccounts:\n  - { name: a, tokens: [${named(tokens).join()}] }\n  - { name: b }\n${more}`;
    write('a.yaml', text(2));
    await start({ MAX_TOKENS_PER_ACCOUNT: '2' });
    write('a.yaml', text(3));
    const { status, body } = await reload();
    expect([status, body]).toMatchObject([
      422,
      { faults: [{ line: 3, rule: 'it would have more than 2 tokens (MAX_TOKENS_PER_ACCOUNT)' }] },
    ]);
    await service.stop();
    write('a.yaml', text(2));
    await start({ MAX_TOKENS_PER_ACCOUNT: '1', MAX_SERVICE_ACCOUNTS: '1' });
    expect([(await reload()).status, (await reload()).body]).toMatchObject([200, { changes: [] }]);
    write('a.yaml', text(2, '  - { name: c }\n'));
    expect((await reload()).body.messageId).toBe('service-account.limit-reached');
  });

  it('writes nothing of more accounts or roles than there may be', async () => {
    write('a.yaml', 'apiVersion: 2\n');
    await start({ MAX_SERVICE_ACCOUNTS: '2', MAX_CUSTOM_ROLES: '1' });
    // The assignment would be found to be wrong after all was written.
    const wrong = 'assignments:\n  - { serviceAccount: a, role: none }\n';
    const accounts = ['a', 'b', 'c'].map((name) => `  - { name: ${name} }\n`).join('');
    write('a.yaml', `apiVersion: 2\nserviceAccounts:\n${accounts}${wrong}`);
    expect((await reload()).body.messageId).toBe('service-account.limit-reached');
    const roles = ['a', 'b']
      .map((uid) => `  - { uid: ${uid}, name: custom:${uid}, permissions: [] }\n`)
      .join('');
    write('a.yaml', `apiVersion: 2\nroles:\n${roles}${wrong}`);
    expect((await reload()).body.messageId).toBe('role.limit-reached');
  });

  it('is 404 where no files are named', async () => {
    await start({ ACCESS_PROVISIONING_PATH: undefined });
    const reply = await reload();
    expect([reply.status, reply.body.message]).toEqual([
      404,
      'Nothing is provisioned: ACCESS_PROVISIONING_PATH is not set',
    ]);
    expect((await reload('?dryRun=yes')).status).toBe(400);
  });
});
