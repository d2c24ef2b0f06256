import { AccountsStore } from '../../src/accounts/accounts.store.js';
import { CustomRoleStore } from '../../src/accounts/custom-role.store.js';
import { CustomPermissions } from '../../src/accounts/custom-permissions.js';
import { customPermissionsCsv } from '../../src/accounts/custom-permissions.response.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import type { Environment } from '../../src/config/environment.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';
import { ACTOR, type Replica, ReplicaStage } from './replica-stage.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const LICENSING_WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';

describe('The report of custom permissions', () => {
  let stage: ReplicaStage;
  let replica: Replica;

  beforeAll(async () => {
    stage = await ReplicaStage.open();
    replica = stage.replica();
    await replica.snapshots.refresh();
  });

  afterAll(async () => {
    await stage.close();
  });

  function report(environment: Environment): CustomPermissions {
    const config = loadServiceConfig({ DATABASE_URL: 'pglite://memory', ...environment });
    return new CustomPermissions(
      stage.database,
      new AccountsStore(stage.database),
      new CustomRoleStore(),
      config,
    );
  }

  async function account(name: string, roleUid: string, isDisabled = false): Promise<number> {
    const { id } = await replica.accounts.create(ACTOR, { name, role: 'Admin', isDisabled: false });
    await replica.assignments.add(ACTOR, Number(id), roleUid);
    if (isDisabled) await replica.accounts.update(ACTOR, Number(id), { isDisabled });
    return Number(id);
  }

  it('names callers of the configuration and enabled accounts with another than a fixed role', async () => {
    await account('writer', LICENSING_WRITER);
    const id = await account('deployment', ADMINISTRATOR);
    await account('disabled', ADMINISTRATOR, true);

    const listed = await report({
      BOOTSTRAP_TOKEN,
      ADMIN_USER: 'root',
      ADMIN_PASSWORD: 'twelve letters and more',
    }).list();

    const role = { uid: ADMINISTRATOR, title: 'basic:grafana_admin' };
    expect(listed).toEqual([
      expect.objectContaining({ granteeType: 'user', granteeName: 'root', id: 0, ...role }),
      expect.objectContaining({ granteeType: 'bootstrap-token', granteeName: 'bootstrap', id: 0, ...role }),
      expect.objectContaining({ granteeType: 'service-account', granteeName: 'deployment', id, ...role }),
    ]);
    expect(await report({ BOOTSTRAP_TOKEN }).list()).toHaveLength(2);
  });

  it('is a CSV in which a name that is a formula is text', async () => {
    const id = await account('=1+1', ADMINISTRATOR);
    const [head, ...rows] = customPermissionsCsv(await report({ BOOTSTRAP_TOKEN }).list()).split('\r\n');
    expect(head).toBe(
      'id,uid,title,slug,url,isFolder,granteeType,granteeName,granteeUrl,customPermissions,orgId,orgRole,usersCount',
    );
    expect(rows.filter((row) => row.includes('1+1'))).toEqual([
      `${id},${ADMINISTRATOR},basic:grafana_admin,,,false,service-account,'=1+1,,` +
        '"licensing:read, licensing:write, licensing:delete, licensing.reports:read, ' +
        'licensing.usage:read, licensing.usage:write",0,,0',
    ]);
  });
});
