import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

const PAGE = fileURLToPath(new URL('../../docs/integrating.md', import.meta.url));

describe('The first caller of docs/integrating.md', () => {
  let database: TestDatabase;
  let service: TestService;
  let administrator: string;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
    // Account 1 belongs to another caller, who may do everything here.
    administrator = (await service.caller('basic_grafana_admin')).token;
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it('gets a key of its own that can ask and change nothing, even if account 1 exists', async () => {
    const { stdout } = await paste('A token for the product');
    const key = /"key":"(licsa_\w+)"/.exec(stdout)?.[1] ?? '';
    expect((await service.get('/api/licensing/check', { token: key })).status).toBe(200);
    const removal = await service.delete('/api/licensing/token', { instance: 'http://x/' }, { token: key });
    expect(removal.status).toBe(403);
    const one = await service.get('/api/serviceaccounts/1/tokens');
    expect(one.body).toHaveLength(1);
  });

  it('stops at the first failure when it is pasted again, and says why', async () => {
    const { stdout, stderr } = await paste('A token for the product');
    expect(stderr).toContain('409');
    expect(stdout).toContain('message');
    expect(stdout).not.toContain('licsa_');
    expect((await service.get('/api/serviceaccounts/2/tokens')).body).toHaveLength(1);
  });

  /** Runs the first command block below a heading of the page, as a person would. */
  async function paste(heading: string): Promise<{ stdout: string; stderr: string }> {
    const [, section = ''] = (await readFile(PAGE, 'utf8')).split(`## ${heading}\n`);
    const [, block = ''] = /```sh\n([^]*?)```/.exec(section) ?? [];
    return promisify(execFile)('bash', ['-c', block.replaceAll('http://localhost:3000', service.url)], {
      env: { ...process.env, TOKEN: administrator },
    });
  }
});
