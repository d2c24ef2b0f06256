import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServiceAccountToken } from '../../../src/access/service-account-token.js';
import { createLogger } from '../../../src/http/logger.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';

const RELOAD = '/api/admin/provisioning/access-control/reload';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly retired?: unknown;
}

describe('A leaked token of a provisioning file', () => {
  const leaked = createServiceAccountToken();
  let folder: string;
  let file: string;
  let database: TestDatabase;
  let service: TestService;
  let lines: Line[];

  const start = async () => {
    const logger = createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) });
    service = await TestService.start(database, { ACCESS_PROVISIONING_PATH: file }, logger);
  };
  const restart = async () => {
    await service.stop();
    await start();
  };
  const check = async () => (await service.get('/api/licensing/check', { token: leaked })).status;
  const warnings = () => lines.filter(({ msg }) => msg === 'tokens of the provisioning files are not made');
  const account = async () => {
    const { body } = await service.get('/api/serviceaccounts/search?query=deployment');
    return `/api/serviceaccounts/${body.serviceAccounts[0].id as number}`;
  };
  const tokenOf = async (of: string) =>
    `${of}/tokens/${(await service.get(`${of}/tokens`)).body[0].id as number}`;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'licentia-retired-'));
    file = join(folder, 'access.yaml');
    const hash = createHash('sha256').update(leaked).digest('hex');
    writeFileSync(
      file,
      `apiVersion: 2
serviceAccounts:
  - name: deployment
    tokens:
      - name: ci
        sha256: '${hash}'
assignments:
  - { serviceAccount: deployment, role: 'fixed:licensing:writer' }
`,
    );
    lines = [];
    database = await testDatabase();
    await start();
    expect(await check()).toBe(200);
  });

  afterEach(async () => {
    await service.stop();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it('does not work again after it was revoked and deleted, and the log and each reload say so', async () => {
    const token = await tokenOf(await account());
    await service.call('PATCH', token, { body: { isRevoked: true } });
    await restart();
    expect([await check(), warnings()]).toEqual([401, []]);
    await service.call('DELETE', token);
    await restart();
    expect(await check()).toBe(401);
    const retired = [
      {
        file,
        line: 5,
        rule:
          'this token is not made, as it was revoked, or its account disabled, when it was deleted: ' +
          'make a new token, and put its sha256 here ("ci" of "deployment")',
      },
    ];
    expect(warnings()).toEqual([expect.objectContaining({ level: 40, retired })]);
    const { body } = await service.post(RELOAD, {});
    expect(body).toEqual({ message: 'Accesscontrol config reloaded', dryRun: false, changes: [], retired });
    expect((await service.post(`${RELOAD}?dryRun=true`, {})).body).toMatchObject({ changes: [], retired });
    expect(await check()).toBe(401);
  });

  it('does not work again after a caller who may delete accounts alone deleted its disabled account', async () => {
    const of = await account();
    await service.call('PATCH', of, { body: { isDisabled: true } });
    const roles = of.replace('serviceaccounts', 'access-control/users') + '/roles';
    const [role] = (await service.get(roles)).body as { uid: string }[];
    expect((await service.call('DELETE', `${roles}/${role?.uid}`)).status).toBe(200);
    const permissions = [{ action: 'serviceaccounts:delete' }];
    await service.post('/api/access-control/roles', { uid: 'deleter', name: 'custom:deleter', permissions });
    const caller = await service.caller('deleter');
    expect((await service.call('DELETE', of, { token: caller.token })).status).toBe(200);
    await restart();
    expect(await check()).toBe(401);
    expect((await service.get(`${await account()}/tokens`)).body).toEqual([]);
    expect(warnings()).toHaveLength(1);
  });
});
