import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { UnreadBodies } from '../../../src/issuer-server/renewals/unread-bodies.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, TestIssuerServer } from '../test-issuer-server.js';

describe('Renewals whose body is still to come', () => {
  it('are bounded by license: one of them is dropped by chance for another one, early and late ones alike', () => {
    const bodies = new UnreadBodies();
    const dropped = new Set<number>();
    for (let at = 0; at < 1_000; at += 1) bodies.add('a', () => dropped.add(at));
    expect(dropped.size).toBe(950);
    bodies.add('b', () => dropped.add(-1));
    expect(dropped.size).toBe(950);
    expect([...dropped].some((at, index) => at < index)).toBe(true);
    expect([...dropped].some((at, index) => at > index + 10)).toBe(true);
  });

  it('do not count any more once it has come', () => {
    const bodies = new UnreadBodies();
    for (let at = 0; at < 1_000; at += 1) {
      const remove = bodies.add('a', () => {
        throw new Error('dropped');
      });
      remove();
      remove();
    }
  });
});

describe('A licensee with more connections than the issuer takes, whose bodies never end', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await issuerServer.stop();
    await database.drop();
  });

  it('keeps neither other licenses nor the instance of its own from a renewal', async () => {
    const greedy = await issuerServer.issued();
    const other = await issuerServer.issued();
    const port = Number(new URL(issuerServer.running.url).port);
    const statuses: string[] = [];
    const begin = [
      ...['POST /v1/licenses/renew HTTP/1.1', 'Host: x', `Authorization: Bearer ${greedy.token}`],
      ...['Content-Type: application/json', 'Content-Length: 1000', 'Idempotency-Key: slow', '', '{'],
    ].join('\r\n');
    // In waves, so that those of one are let in before the next one comes.
    for (let wave = 0; wave < 9; wave += 1) {
      const opened = Array.from({ length: 95 }, async () => {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.on('data', (bytes) => statuses.push(bytes.toString('latin1').slice(9, 12)));
        await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
        socket.write(begin);
      });
      await Promise.all(opened);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (let count = 0; count < 5; count += 1) {
      issuerServer.clock.advance(61_000);
      for (const { token } of [other, greedy]) {
        const { status } = await issuerServer.renew({ token, body: { instance: INSTANCE, version: '1' } });
        expect(status).toBe(200);
      }
    }
    expect(new Set(statuses)).toEqual(new Set(['429']));
  });
});

describe('A renewal whose client goes away while its token is verified', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
  });

  afterAll(async () => {
    await issuerServer.stop();
    await database.drop();
  });

  it('is not counted any more', async () => {
    const { token, license } = await issuerServer.issued();
    const port = Number(new URL(issuerServer.running.url).port);
    const begin = [
      ...['POST /v1/licenses/renew HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`],
      ...['Content-Type: application/json', 'Content-Length: 2', 'Idempotency-Key: gone', '', '{}'],
    ].join('\r\n');
    for (let count = 0; count < 50; count += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(begin, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    const bodies = issuerServer.running.application.nest.get(UnreadBodies);
    let dropped = 0;
    for (let count = 0; count < 50; count += 1) bodies.add(license.lid, () => (dropped += 1));
    expect(dropped).toBe(0);
  });
});
