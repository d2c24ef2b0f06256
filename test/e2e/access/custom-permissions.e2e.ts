import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const REPORT = '/api/licensing/custom-permissions';

describe('GET /api/licensing/custom-permissions', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it('is for a reader of licensing, and changes with the roles', async () => {
    const reader = await service.caller(LICENSING_READER);
    const known = async () => (await service.get(REPORT, { token: reader.token })).body as object[];
    expect(await known()).toEqual([
      {
        id: 0,
        uid: ADMINISTRATOR,
        title: 'basic:grafana_admin',
        slug: '',
        url: '',
        isFolder: false,
        granteeType: 'bootstrap-token',
        granteeName: 'bootstrap',
        granteeUrl: '',
        customPermissions:
          'licensing:read, licensing:write, licensing:delete, licensing.reports:read, ' +
          'licensing.usage:read, licensing.usage:write',
        orgId: 0,
        orgRole: '',
        usersCount: 0,
      },
    ]);
    const { id } = await service.caller(ADMINISTRATOR);
    expect((await known())[1]).toMatchObject({ granteeType: 'service-account', id });
    await service.delete(`/api/access-control/users/${id}/roles/${ADMINISTRATOR}`);
    expect(await known()).toHaveLength(1);
  });

  it('is CSV at the other address, which is a download of its own type', async () => {
    const { headers, text } = await service.get(`${REPORT}-csv`);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(text.split('\r\n')[0]).toContain('id,uid,title,');
    expect(text).toMatch(/\r\n0,basic_grafana_admin,.*,bootstrap-token,bootstrap,.*\r\n$/);
  });
});
