import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { ServiceProcess } from '../support/service-process.js';
import { pause, Product, productToken } from './product.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');
const ROOT_URL = 'http://localhost:3000/';
const GRACE_SECONDS = 4;

/** Repeats until it says so; a failed check pauses the product for a second, so the first answer may be an old one. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(100);
}

describe.each([
  ['Express', ['examples/express/server.mjs']],
  ['Nest', ['scripts/run-typescript.mjs', 'examples/nest/main.ts']],
])('The example in %s', (_, args) => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: ServiceProcess;
  let product: Product;
  let key: string;

  const reports = async () => (await product.get('/reports')).status;
  const startService = async (port: string) =>
    ServiceProcess.start({ DATABASE_URL: database.url, ISSUER_URL: issuer.url, ROOT_URL, PORT: port });

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await startService('0');
    key = await productToken(service, 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    product = await Product.start(args, {
      LICENTIA_URL: service.url,
      LICENTIA_TOKEN: key,
      GRACE_SECONDS: String(GRACE_SECONDS),
    });
  });

  afterAll(async () => {
    await product.stop();
    await service.kill('SIGTERM');
    await issuer.stop();
    await database.drop();
  });

  it('opens the feature with a license and closes it without one, at the next request', async () => {
    const message = { message: 'Reports need a license.' };
    expect(await product.get('/reports')).toEqual({ status: 402, body: message });
    expect((await product.get('/')).status).toBe(200);
    expect(await product.get('/about')).toEqual({ status: 200, body: { daysLeft: 0 } });

    const license = issuer.token({ sub: ROOT_URL });
    expect((await service.call('POST', '/api/licensing/token', { token: license })).status).toBe(200);
    expect(await product.get('/reports')).toEqual({ status: 200, body: ['a report'] });
    const { lexp } = JSON.parse((await service.call('GET', '/api/licensing/token')).text) as { lexp: number };
    const { body } = await product.get('/about');
    expect(body).toEqual({ daysLeft: Math.floor((lexp - Date.now() / 1000) / 86_400) });
    expect(await reports()).toBe(200);

    await service.call('DELETE', '/api/licensing/token', { instance: ROOT_URL });
    expect(await reports()).toBe(402);
  });

  it('keeps the feature open for the grace period when the service is gone, then closes it until it is back', async () => {
    await service.call('POST', '/api/licensing/token', { token: issuer.token({ sub: ROOT_URL }) });
    expect(await reports()).toBe(200);
    const { port } = new URL(service.url);
    await service.kill('SIGKILL');
    expect(await reports()).toBe(200);
    expect(await product.get('/about')).toEqual({ status: 200, body: { daysLeft: null } });
    await pause(GRACE_SECONDS * 1000);
    expect(await reports()).toBe(402);
    expect(product.output).toContain('The license check has no answer: ');
    service = await startService(port);
    await until(async () => (await reports()) === 200);
  });

  it.each([
    ['is wrong', async () => 'licsa_nothing', '401 {"message":"Invalid API key"'],
    ['lacks its role', async (running: ServiceProcess) => productToken(running), '403 {"accessErrorId":'],
  ])('is closed, and says why, when its token %s', async (_case, tokenOf, reason) => {
    const other = await Product.start(args, {
      LICENTIA_URL: service.url,
      LICENTIA_TOKEN: await tokenOf(service),
    });
    try {
      expect((await other.get('/reports')).status).toBe(402);
      expect(other.output).toContain(reason);
    } finally {
      await other.stop();
    }
  });

  it('answers when the service hangs, and asks it nothing more for a second', async () => {
    let asked = 0;
    const hung = createServer(() => (asked += 1));
    await new Promise<void>((listening) => hung.listen(0, '127.0.0.1', listening));
    const { port } = hung.address() as AddressInfo;
    const other = await Product.start(args, { LICENTIA_URL: `http://127.0.0.1:${port}` });
    try {
      expect((await other.get('/reports')).status).toBe(402);
      expect((await other.get('/reports')).status).toBe(402);
      expect(asked).toBe(1);
      expect(other.output).toContain('timeout');
      await pause(1000);
      expect((await other.get('/reports')).status).toBe(402);
      expect(asked).toBe(2);
    } finally {
      await other.stop();
      hung.close();
      hung.closeAllConnections();
    }
  });
});

describe('docs/integrating.md', () => {
  const blocks = (language: string) =>
    [...read('docs/integrating.md').matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
      ([, block]) => block,
    );

  it('shows the files of the examples', () => {
    expect(blocks('js')).toEqual([read('examples/license.mjs'), read('examples/express/server.mjs')]);
    expect(blocks('ts')).toEqual([read('examples/nest/main.ts')]);
  });
});
