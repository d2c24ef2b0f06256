import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

const RELOAD = '/api/admin/provisioning/access-control/reload';

describe('Two replicas, one of which deletes what a provisioning file names', () => {
  const keys = Array.from({ length: 5 }, () => createServiceAccountToken());
  let database: TestDatabase;
  let folder: string;
  let replicas: TestService[] = [];

  const start = async () =>
    replicas.push(await TestService.start(database, { ACCESS_PROVISIONING_PATH: folder }));

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'licentia-retired-'));
    database = await testDatabase();
    const accounts = keys.map((key, index) => {
      const hash = createHash('sha256').update(key).digest('hex');
      return `  - { name: a${index}, tokens: [{ name: ci, sha256: '${hash}' }] }\n`;
    });
    const assignments = keys.map(
      (_, index) => `  - { serviceAccount: a${index}, role: fixed:licensing:reader }\n`,
    );
    const text = ['apiVersion: 2\nserviceAccounts:\n', ...accounts, 'assignments:\n', ...assignments];
    writeFileSync(join(folder, 'access.yaml'), text.join(''));
    await start();
    await start();
  });

  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
    replicas = [];
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const statuses = async () =>
    Promise.all(
      replicas.flatMap((replica) =>
        keys.map(async (token) => (await replica.get('/api/licensing/check', { token })).status),
      ),
    );

  it.each([
    ['revoked tokens', '/tokens/', { isRevoked: true }],
    ['disabled accounts', '', { isDisabled: true }],
  ])('make none of them anew, whenever the other one reloads: %s', async (_, below, body) => {
    const [first, second] = replicas as [TestService, TestService];
    expect(new Set(await statuses())).toEqual(new Set([200]));
    const found = (await first.get('/api/serviceaccounts/search')).body.serviceAccounts as { id: number }[];
    const paths: string[] = [];
    for (const { id } of found) {
      const account = `/api/serviceaccounts/${id}`;
      const [token] = (await first.get(`${account}/tokens`)).body as { id: number }[];
      paths.push(below === '' ? account : `${account}${below}${token?.id}`);
    }
    for (const path of paths) expect((await first.call('PATCH', path, { body })).status).toBe(200);
    const reloads = async () => {
      for (let times = 0; times < 10; times += 1) expect((await second.post(RELOAD, {})).status).toBe(200);
    };
    const deletes = async () => {
      for (const path of paths) expect((await first.call('DELETE', path)).status).toBe(200);
    };
    await Promise.all([reloads(), deletes(), reloads()]);
    const last = (await second.post(RELOAD, {})).body as { retired: unknown[] };
    expect(last.retired).toHaveLength(keys.length);
    await start();
    expect((await first.post(RELOAD, {})).body.changes).toEqual([]);
    expect(new Set(await statuses())).toEqual(new Set([401]));
  });
});
