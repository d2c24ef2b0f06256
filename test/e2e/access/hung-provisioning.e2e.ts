import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServiceAccountToken } from '../../../src/access/service-account-token.js';
import { FILE_DEADLINE_MS, isReadingFiles } from '../../../src/config/file-deadline.js';
import { createLogger } from '../../../src/http/logger.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { HungFileSystem } from '../../support/hung-file-system.js';
import { TestService } from '../../support/service.js';

const RELOAD = '/api/admin/provisioning/access-control/reload';
const LATER = 'access control is not provisioned yet: a file system does not work, so it is retried';
const DONE = 'access control is provisioned';
const NEVER = 'access control is not provisioned: nothing was changed';
/** Above the longest pause between two tries. */
const SOON_MS = 15_000;

describe('Provisioning from a file system that hangs', () => {
  const where = HungFileSystem.isPossible(join(tmpdir(), `licentia-hung-provisioning-${process.pid}`))
    ? it
    : it.skip;
  const token = createServiceAccountToken();
  const accounts = `apiVersion: 2
serviceAccounts:
  - name: deployment
    tokens: [{ name: ci, sha256: '${createHash('sha256').update(token).digest('hex')}' }]
assignments: [{ serviceAccount: deployment, role: basic_grafana_admin }]
`;
  const lines: { level: number; msg: string; changes?: number }[] = [];
  let directory: string;
  let mount: string;
  let database: TestDatabase;
  let service: TestService;
  let hung: HungFileSystem | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-hung-provisioning-'));
    mount = join(directory, 'mount');
    await mkdir(mount);
    await writeFile(join(mount, 'a.yaml'), accounts);
    database = await testDatabase();
    lines.length = 0;
    hung = HungFileSystem.mount(mount);
  });

  afterEach(async () => {
    await service.stop();
    repair();
    await settled();
    await database.drop();
    await rm(directory, { recursive: true });
  });

  const repair = () => {
    hung?.end();
    hung = undefined;
  };
  const settled = async () => {
    while (isReadingFiles()) await sleep(5);
  };
  const start = async (path: string) => {
    const logger = createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) });
    service = await TestService.start(database, { ACCESS_PROVISIONING_PATH: path }, logger);
  };
  const said = () => lines.filter(({ msg }) => msg.startsWith('access control is'));
  const words = () => said().map(({ msg }) => msg);
  const saidSoon = async (msg: string) => {
    const until = performance.now() + SOON_MS;
    while (!words().includes(msg) && performance.now() < until) await sleep(50);
    expect(words()).toContain(msg);
  };
  const check = async () => (await service.get('/api/licensing/check', { token })).status;

  where('happens when a folder answers, says once before that it does not, and is not repeated', async () => {
    await start(mount);
    expect([await check(), said()]).toMatchObject([401, [{ level: 50, msg: LATER }]]);
    await sleep(4_000);
    expect(words()).toEqual([LATER]);
    repair();
    await saidSoon(DONE);
    expect([await check(), said()[1]]).toMatchObject([200, { changes: 3 }]);
    await settled();
    await writeFile(join(mount, 'a.yaml'), 'apiVersion: 1\n');
    await sleep(2_000);
    expect(words()).toEqual([LATER, DONE]);
  });

  where('is tried again until no file hangs, and ends at one that is wrong', async () => {
    const folder = join(directory, 'folder');
    await mkdir(folder);
    await symlink(join(mount, 'a.yaml'), join(folder, 'a.yaml'));
    await writeFile(join(folder, 'b.yaml'), 'apiVersion: 1\n');
    await start(folder);
    expect(words()).toEqual([LATER]);
    repair();
    await saidSoon(NEVER);
    await writeFile(join(folder, 'b.yaml'), 'apiVersion: 2\n');
    await sleep(4_000);
    expect([await check(), words()]).toEqual([401, [LATER, NEVER]]);
  });

  where('is not tried again after a reload that worked', async () => {
    await start(mount);
    repair();
    await settled();
    expect((await service.post(RELOAD, {})).status).toBe(200);
    await writeFile(join(mount, 'a.yaml'), 'apiVersion: 1\n');
    await sleep(4_000);
    expect(await check()).toBe(200);
    expect(words()).not.toContain(NEVER);
  });

  where('refuses a reload at once while an earlier listing of the folder waits', async () => {
    await start(mount);
    const began = performance.now();
    const reply = await service.post(RELOAD, {});
    expect([reply.status, reply.body.faults]).toEqual([
      422,
      [{ file: mount, line: 0, rule: expect.stringMatching(/^it was not read within 2 s: /) }],
    ]);
    expect(performance.now() - began).toBeLessThan(FILE_DEADLINE_MS / 2);
  });

  where('ends with the service', async () => {
    await start(mount);
    const began = performance.now();
    await service.stop();
    expect(performance.now() - began).toBeLessThan(FILE_DEADLINE_MS);
    repair();
    await settled();
    await sleep(2_000);
    expect(words()).toEqual([LATER]);
  });
});
