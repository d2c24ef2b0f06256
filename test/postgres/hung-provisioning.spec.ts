import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { HungFileSystem } from '../support/hung-file-system.js';
import { TestService } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('Provisioning from a file system that hangs until the database is away', () => {
  const where = HungFileSystem.isPossible(join(tmpdir(), `licentia-hung-outage-${process.pid}`))
    ? it
    : it.skip;
  let directory: string;
  let database: TestDatabase;
  let proxy: TcpProxy;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-hung-outage-'));
    database = await testDatabase();
    const { hostname, port } = new URL(database.url);
    proxy = await TcpProxy.start(hostname, Number(port || 5432));
  });

  afterAll(async () => {
    await proxy.stop();
    await database.drop();
    await rm(directory, { recursive: true });
  });

  where('happens when both are there again', async () => {
    const token = createServiceAccountToken();
    const mount = join(directory, 'mount');
    await mkdir(mount);
    await writeFile(
      join(mount, 'a.yaml'),
      `apiVersion: 2
serviceAccounts:
  - name: deployment
    tokens: [{ name: ci, sha256: '${createHash('sha256').update(token).digest('hex')}' }]
assignments: [{ serviceAccount: deployment, role: basic_grafana_admin }]
`,
    );
    const url = new URL(database.url);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const hung = HungFileSystem.mount(mount);
    const settings = { ACCESS_PROVISIONING_PATH: mount };
    const service = await TestService.start({ ...database, url: url.href }, settings);
    const check = async () => (await service.get('/api/licensing/check', { token })).status;
    try {
      proxy.cut();
      hung?.end();
      // Longer than the pauses of the first two tries.
      await sleep(5_000);
      expect(await check()).not.toBe(200);
      proxy.mend();
      const until = performance.now() + 15_000;
      while ((await check()) !== 200 && performance.now() < until) await sleep(100);
      expect(await check()).toBe(200);
    } finally {
      await service.stop();
    }
  });
});
