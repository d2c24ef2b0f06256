import { once } from 'node:events';
import { Agent, request, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { FakeIssuer } from '../../support/fake-issuer/fake-issuer.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';

const LINGER_MS = 200;

describe('A service that is asked to end', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;

  beforeEach(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await TestService.start(database, { ISSUER_URL: issuer.url });
    await service.post('/api/licensing/token', { token: issuer.token() });
  });

  afterEach(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  /** Starts a renewal that the issuer takes a while for, over a connection that the client keeps open. */
  async function renewSlowly(
    delay: number,
  ): Promise<{ answer: Promise<{ status: number; text: string }>; agent: Agent }> {
    issuer.answerRenewals({
      status: 200,
      delay,
      body: { token: issuer.token({ jti: 'slow', iat: issuedNow() }) },
    });
    const agent = new Agent({ keepAlive: true });
    const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
      const outgoing = request(
        `${service.url}/api/licensing/token/renew`,
        {
          method: 'POST',
          agent,
          headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}`, 'Content-Length': 0 },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
    while (issuer.renewals.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    return { answer, agent };
  }

  const issuedNow = () => Math.floor(Date.now() / 1000) - 1;

  it('says so first, answers those that still come, and asks them to close the connection', async () => {
    const before = await service.get('/readyz');
    expect([before.status, before.headers.get('connection')]).toEqual([200, 'keep-alive']);
    // Long enough for three connections on a busy machine.
    const closing = service.running.application.close(3_000);
    const ready = await service.get('/readyz');
    expect([ready.status, ready.body, ready.headers.get('connection')]).toEqual([
      503,
      { status: 'draining' },
      'close',
    ]);
    const check = await service.get('/api/licensing/check');
    expect([check.status, check.body, check.headers.get('connection')]).toEqual([200, true, 'close']);
    expect((await service.get('/healthz')).status).toBe(200);
    await closing;
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('finishes what is under way, then ends at once and within 10 seconds', async () => {
    const { answer, agent } = await renewSlowly(1_500);
    const began = performance.now();
    const closing = service.running.application.close(LINGER_MS);
    await new Promise((resolve) => setTimeout(resolve, LINGER_MS + 200));
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow('fetch failed');
    const { status, text } = await answer;
    expect([status, (JSON.parse(text) as { jti: string }).jti]).toEqual([200, 'slow']);
    await closing;
    // Not for as long as the client keeps his idle connection.
    expect(performance.now() - began).toBeLessThan(4_000);
    agent.destroy();

    const again = await TestService.start(database, { ISSUER_URL: issuer.url });
    try {
      expect((await again.get('/api/licensing/token')).body.jti).toBe('slow');
    } finally {
      await again.stop();
    }
  });

  it('does nothing of what is pipelined behind the last answer of a connection', async () => {
    const { hostname, port } = new URL(service.url);
    const client = connect(Number(port), hostname);
    let received = '';
    client.on('error', () => undefined).on('data', (bytes: Buffer) => (received += bytes.toString()));
    const closing = service.running.application.close(LINGER_MS);
    for (const name of ['first', 'second']) {
      const body = JSON.stringify({ name });
      client.write(
        `POST /api/serviceaccounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${BOOTSTRAP_TOKEN}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    }
    await Promise.all([once(client, 'close'), closing]);
    expect(received.match(/HTTP\/1\.1 \d+|Connection: .*/gi)).toEqual(['HTTP/1.1 201', 'Connection: close']);
    const again = await TestService.start(database, { ISSUER_URL: issuer.url });
    try {
      const { body } = await again.get('/api/serviceaccounts/search');
      expect(body.serviceAccounts.map(({ name }: { name: string }) => name)).toEqual(['first']);
    } finally {
      await again.stop();
    }
  });

  it('does not wait for idle connections', async () => {
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve) => {
      request(`${service.url}/healthz`, { agent }, (response) => response.resume().on('end', resolve)).end();
    });
    const began = performance.now();
    await service.running.application.close(LINGER_MS);
    expect(performance.now() - began).toBeLessThan(3_000);
    agent.destroy();
  });

  it.each([
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
    ['what is no HTTP', 'nonsense\r\n\r\n'],
  ])('does not wait for clients that asked for %s and hold their connection', async (_, text) => {
    const { hostname, port } = new URL(service.url);
    const client = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    client.on('error', () => undefined).write(text);
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    const began = performance.now();
    await service.running.application.close(LINGER_MS);
    expect(performance.now() - began).toBeLessThan(3_000);
    client.destroy();
  });

  it('refuses a client once that goes on sending what cannot be read', async () => {
    const server = service.running.application.nest.getHttpServer() as Server;
    let told = 0;
    const responses: ServerResponse[] = [];
    server.on('clientError', () => (told += 1)).on('request', (_, response) => responses.push(response));
    issuer.answerRenewals({ status: 503, delay: 2_000, body: {} });
    const { hostname, port } = new URL(service.url);
    const client = connect(Number(port), hostname);
    client.on('error', () => undefined);
    client.write(
      `POST /api/licensing/token/renew HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${BOOTSTRAP_TOKEN}\r\n` +
        'Content-Length: 0\r\n\r\n',
    );
    while (issuer.renewals.length === 0) await sleep(5);
    for (let at = 0; at < 40; at += 1) {
      client.write('?');
      await sleep(5);
    }
    // Node tells of each read.
    expect(told).toBeGreaterThan(11);
    expect(responses.map((response) => response.listenerCount('finish') < 11)).toEqual([true]);
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 50\d /);
    client.destroy();
  });

  it('minds no client that asks for a tunnel and resets the connection', async () => {
    const { hostname, port } = new URL(service.url);
    for (let round = 0; round < 20; round += 1) {
      const client = connect(Number(port), hostname);
      client.on('error', () => undefined).write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n');
      await once(client, 'connect');
      client.resetAndDestroy();
    }
    // An error that nothing listens for would end this process.
    expect((await service.get('/healthz')).status).toBe(200);
  });

  it('gives up what takes too long, and ends within 10 seconds all the same', async () => {
    const stuck = request(`${service.url}/api/licensing/token`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${BOOTSTRAP_TOKEN}`,
        'Content-Type': 'application/json',
        'Content-Length': 99,
      },
    });
    const ended = new Promise((resolve) => stuck.on('error', resolve).on('response', resolve));
    stuck.write('{');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    await service.running.application.close(LINGER_MS);
    expect(performance.now() - began).toBeLessThan(10_000);
    await ended;
  });

  it('can be asked twice', async () => {
    const { application } = service.running;
    await Promise.all([application.close(LINGER_MS), application.close(LINGER_MS)]);
    await application.close(LINGER_MS);
  });
});
