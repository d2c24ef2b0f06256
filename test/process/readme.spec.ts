import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const PASSWORD = 'a-password-of-this-test';

describe('The first caller of the README', () => {
  let database: TestDatabase;
  let service: TestService;
  let directory: string;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, { ADMIN_USER: 'admin', ADMIN_PASSWORD: PASSWORD });
    directory = await mkdtemp(join(tmpdir(), 'licentia-readme-'));
    await mkdir(join(directory, 'secrets'));
    await writeFile(join(directory, 'secrets/admin_password'), `${PASSWORD}\n`);
    // Account 1 belongs to another caller, who may do everything here.
    await service.caller('basic_grafana_admin');
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  it('gets a key of its own that can ask and change nothing, whoever has account 1', async () => {
    const { stdout } = await paste('The first caller');
    const key = /"key":"(licsa_\w+)"/.exec(stdout)?.[1] ?? '';
    expect((await service.get('/api/licensing/check', { token: key })).status).toBe(200);
    const removal = await service.delete('/api/licensing/token', { instance: 'http://x/' }, { token: key });
    expect(removal.status).toBe(403);
    const one = await service.get('/api/serviceaccounts/1/tokens');
    expect(one.body).toHaveLength(1);
  });

  it('stops at the first failure when it is pasted again, and says why', async () => {
    const { stdout, stderr } = await paste('The first caller');
    expect(stderr).toContain('409');
    expect(stdout).toContain('message');
    expect(stdout).not.toContain('licsa_');
    expect((await service.get('/api/serviceaccounts/2/tokens')).body).toHaveLength(1);
  });

  /** Runs the first command block below a heading of the README, as a person would in the checkout. */
  async function paste(heading: string): Promise<{ stdout: string; stderr: string }> {
    const [, section = ''] = (await readFile(README, 'utf8')).split(`### ${heading}\n`);
    const [, block = ''] = /```sh\n([^]*?)```/.exec(section) ?? [];
    return promisify(execFile)('bash', ['-c', block.replaceAll('http://localhost:3000', service.url)], {
      cwd: directory,
    });
  }
});
