import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { ServiceProcess } from '../support/service-process.js';
import { pause, Product, productToken } from './product.js';

const ROOT_URL = 'http://localhost:3000/';
const SERVER = ['examples/seats/server.mjs'];
/** `fixed:licensing.usage:writer` */
const WRITER = 'fixed_PInQKponVEqeB2KdKg-Ul6tDKJQ';

describe('The example of seats', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: ServiceProcess;
  let product: Product;

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await ServiceProcess.start({ DATABASE_URL: database.url, ISSUER_URL: issuer.url, ROOT_URL });
    const token = issuer.token({
      ...{ sub: ROOT_URL, included_users: 2, included_admins: undefined, included_viewers: undefined },
      seat_policy: { leave: 'free' },
    });
    expect((await service.call('POST', '/api/licensing/token', { token })).status).toBe(200);
    product = await Product.start(SERVER, {
      ...{
        LICENTIA_URL: service.url,
        LICENTIA_TOKEN: await productToken(service, WRITER),
        SEEN_SECONDS: '1',
      },
    });
  });

  afterAll(async () => {
    await product.stop();
    await service.kill('SIGTERM');
    await issuer.stop();
    await database.drop();
  });

  const signIn = async (name: string, where = product) => where.post('/sign-in', { name });
  const sessionOf = ({ body }: { body: unknown }) => ({
    'X-Session': (body as { session: string }).session,
  });
  const used = async () =>
    (JSON.parse((await service.call('GET', '/api/licensing/usage')).text) as { used: number }).used;

  it('lets people in until the seats are taken, and again when one leaves', async () => {
    const anna = await signIn('anna');
    expect([anna.status, (await signIn('bert')).status, await used()]).toEqual([200, 200, 2]);
    expect(await signIn('carl')).toEqual({
      status: 403,
      body: { message: expect.stringMatching(/^All seats are taken until 20\d\d-.*Z\.$/) },
    });
    // A person who counts already signs in somewhere else too.
    expect((await signIn('anna')).status).toBe(200);
    expect((await product.post('/sign-out', {}, sessionOf(anna))).status).toBe(200);
    expect((await product.get('/work', sessionOf(anna))).status).toBe(401);
    expect(await used()).toBe(1);
    expect((await signIn('carl')).status).toBe(200);
    expect((await signIn('anna')).status).toBe(403);
    expect((await product.post('/sign-in', { name: 'nobody' })).status).toBe(401);
  });

  it('reports who works', async () => {
    const carl = await signIn('carl');
    await service.call('POST', '/api/licensing/usage/left', { subject: 'user-3' });
    expect(await used()).toBe(1);
    // Reports have whole seconds: work in the second in which a seat was given back does not take it again.
    await pause(1_100);
    expect(await product.get('/work', sessionOf(carl))).toEqual({ status: 200, body: { worker: 'user-3' } });
    // A report each second, and two more until the service has written it down.
    for (let tries = 0; tries < 100 && (await used()) < 2; tries += 1) await pause(100);
    expect(await used()).toBe(2);
  });

  it('is the same in Nest', async () => {
    await service.call('POST', '/api/licensing/usage/left', { subject: 'user-2' });
    const nest = await Product.start(['scripts/run-typescript.mjs', 'examples/seats/nest.ts'], {
      ...{ LICENTIA_URL: service.url, LICENTIA_TOKEN: await productToken(service, WRITER) },
    });
    try {
      const free = 2 - (await used());
      for (let index = 0; index < free; index += 1)
        expect((await signIn(`person ${index}`, nest)).status).toBe(200);
      expect(await signIn('one more', nest)).toMatchObject({
        status: 403,
        body: { message: expect.stringMatching(/^All seats are taken until 20\d\d-.*Z\.$/) },
      });
      expect((await signIn('person 0', nest)).status).toBe(200);
    } finally {
      await nest.stop();
    }
  });

  it('lets people in while the service does not answer, and asks nothing more for a second', async () => {
    let asked = 0;
    const hung = createServer(() => (asked += 1));
    await new Promise<void>((listening) => hung.listen(0, '127.0.0.1', listening));
    const { port } = hung.address() as AddressInfo;
    const other = await Product.start(SERVER, { LICENTIA_URL: `http://127.0.0.1:${port}` });
    try {
      expect((await signIn('anna', other)).status).toBe(200);
      expect((await signIn('bert', other)).status).toBe(200);
      expect(asked).toBe(1);
      expect(other.output).toContain('The question for a seat has no answer: ');
    } finally {
      await other.stop();
      hung.close();
      hung.closeAllConnections();
    }
  });
});
