import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { FakeIssuer } from '../../support/fake-issuer/fake-issuer.js';
import { hungUp } from '../../support/hung-up.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';
import { send } from './raw-http.js';

const CHECK = '/api/licensing/check';
const JSON_TYPE = 'Content-Type: application/json';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const LICENSING_WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
const MAX_CONNECTIONS = 30;
const MAX_IN_WORK = 8;

/** A client that is written to by hand, and that keeps what it got. */
class Client {
  received = '';
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => (this.received += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  static async open(url: string): Promise<Client> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const client = new Client(socket);
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', () => resolve());
    });
    return client;
  }

  /** Resolves when the service has hung up. */
  async end(): Promise<void> {
    await hungUp(this.socket);
  }

  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }
}

describe('Under load', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;
  let reader: string;
  let writer: string;
  const clients: Client[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    const generous = await TestService.start(database, { ISSUER_URL: issuer.url });
    reader = (await generous.caller(READER)).token;
    writer = (await generous.caller(LICENSING_WRITER)).token;
    expect((await generous.post('/api/licensing/token', { token: issuer.token() })).status).toBe(200);
    await generous.stop();
    service = await TestService.start(database, {
      ISSUER_URL: issuer.url,
      MAX_CONNECTIONS: String(MAX_CONNECTIONS),
      MAX_REQUESTS_IN_WORK: String(MAX_IN_WORK),
    });
  });

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await settled();
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  async function open(): Promise<Client> {
    const client = await Client.open(service.url);
    clients.push(client);
    return client;
  }

  async function openMany(count: number): Promise<Client[]> {
    return Promise.all(Array.from({ length: count }, async () => open()));
  }

  /** A check over a connection of its own. */
  async function expectCheck(): Promise<void> {
    const answer = await send(service.url, { path: CHECK, headers: { Authorization: `Bearer ${reader}` } });
    expect([answer.status, answer.body]).toEqual([200, true]);
  }

  async function connections(): Promise<number> {
    const server = service.running.application.nest.getHttpServer() as {
      getConnections(callback: (error: Error | null, count: number) => void): void;
    };
    return new Promise((resolve, reject) => {
      server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  /** Waits until everything that was opened by hand is gone. */
  async function settled(): Promise<void> {
    while ((await connections()) > 5) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  const line = (method: string, path: string, token: string, ...headers: string[]) =>
    [`${method} ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...headers, '', ''].join(
      '\r\n',
    );
  const install = (token: string, ...headers: string[]) =>
    line('POST', '/api/licensing/token', token, JSON_TYPE, ...headers);

  it('more connections than there are places cost no more than the places, and check is answered', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    /** A check over the one connection that is kept, and that connection's port. */
    const overKept = async () =>
      new Promise<readonly [string, number | undefined]>((resolve, reject) => {
        const headers = { Authorization: `Bearer ${reader}` };
        const { port } = new URL(service.url);
        request({ host: '127.0.0.1', port, path: CHECK, agent, headers }, (response) => {
          const { localPort } = response.socket;
          let text = `${response.statusCode} `;
          response.on('data', (bytes: Buffer) => (text += bytes.toString()));
          response.on('end', () => resolve([text, localPort]));
        })
          .on('error', reject)
          .end();
      });
    const first = await overKept();
    expect(first[0]).toBe('200 true');
    for (let wave = 0; wave < 5; wave += 1) {
      await openMany(MAX_CONNECTIONS * 2);
      expect(await connections()).toBeLessThanOrEqual(MAX_CONNECTIONS + 1);
      // The caller's own connection is still the one that it was.
      expect(await overKept()).toEqual(first);
      await expectCheck();
    }
    expect(clients.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(MAX_CONNECTIONS * 8);
    expect((await send(service.url, { path: '/healthz' })).status).toBe(200);
    expect((await send(service.url, { path: '/readyz' })).status).toBe(200);
    agent.destroy();
  });

  it('slow bodies of one caller take half of the places: that caller gets 429, others write, check is answered', async () => {
    const slow = await openMany(MAX_IN_WORK / 2);
    for (const { socket } of slow) socket.write(`${install(writer, 'Content-Length: 60000')}{`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const refused = await service.post('/api/licensing/token', {}, { token: writer });
    expect([refused.status, refused.body.messageId, refused.headers.get('retry-after')]).toEqual([
      429,
      'too-many-requests',
      '1',
    ]);
    expect((await service.post('/api/licensing/token', {})).status).toBe(400);

    const more = await openMany(MAX_IN_WORK / 2);
    for (const { socket } of more) socket.write(`${install(BOOTSTRAP_TOKEN, 'Content-Length: 60000')}{`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // All places are taken: writes and reads of the database wait outside, what memory knows does not.
    expect((await service.post('/api/licensing/token', {})).status).toBe(429);
    expect((await service.get('/api/serviceaccounts/1/tokens')).status).toBe(429);
    await expectCheck();
    expect((await service.get('/api/licensing/token')).body.status).toBe(1);
    for (const path of ['/healthz', '/readyz', '/api/health'])
      expect((await service.get(path, { token: null })).status).toBe(200);

    // A client who goes gives his place back.
    for (const { socket } of [...slow, ...more]) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let write = 0; write < MAX_IN_WORK * 2; write += 1)
      expect((await service.post('/api/licensing/token', {})).status).toBe(400);
  });

  it('every refused or failed write gives its place back', async () => {
    for (let round = 0; round < MAX_IN_WORK + 2; round += 1) {
      expect((await service.post('/api/licensing/token', 'no JSON')).status).toBe(400);
      expect((await service.post('/api/licensing/token', 'x'.repeat(70_000))).status).toBe(413);
      expect((await service.call('PATCH', '/api/serviceaccounts/x', { body: {} })).status).toBe(400);
      expect((await service.get('/api/serviceaccounts/999999/tokens')).status).toBe(404);
      const answer = await send(service.url, {
        method: 'HEAD',
        path: '/api/serviceaccounts/1/tokens',
        headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}` },
      });
      expect(answer.status).toBe(200);
    }
  });

  it('a client that pipelines and reads nothing is cut off after 16 answers that it did not take', async () => {
    const client = await open();
    client.socket.pause();
    const requests = line('GET', CHECK, reader).repeat(200);
    // Written for as long as the service takes it: its answers fill the way back.
    let written = 0;
    while (!client.closed && written < 20_000) {
      client.socket.write(requests);
      written += 200;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    client.socket.resume();
    await client.end();
    expect(client.statuses.length).toBeLessThanOrEqual(16);
    expect(written).toBeLessThan(20_000);
    await expectCheck();
  });

  it('a client that pipelines what is refused at once keeps nobody waiting, and is cut off', async () => {
    const flood = await open();
    flood.socket.write(`${install(writer, 'Content-Length: 2')}{}`.repeat(10_000));
    await expectCheck();
    await flood.end();
    expect(flood.statuses.length).toBeLessThanOrEqual(16);
  });

  it('a client that sends a body of countless small pieces is cut off, read or not', async () => {
    const chunked = 'Transfer-Encoding: chunked';
    for (const start of [line('GET', '/healthz', 'none', chunked), install(writer, chunked)]) {
      const flood = await open();
      flood.socket.write(`${start}${'1\r\n \r\n'.repeat(5_000)}`);
      await flood.end();
      // At once, and not when the body took too long.
      expect(flood.statuses).not.toContain(408);
      await expectCheck();
    }
  });

  it('16 pipelined requests are answered in their order', async () => {
    const client = await open();
    client.socket.write(line('GET', CHECK, reader).repeat(8) + line('GET', CHECK, 'wrong').repeat(8));
    while (client.statuses.length < 16) await once(client.socket, 'data');
    expect(client.statuses).toEqual([...Array<number>(8).fill(200), ...Array<number>(8).fill(401)]);
    expect(client.closed).toBe(false);
  });

  it('a request for a tunnel is refused behind those before it', async () => {
    const client = await open();
    client.socket.write(line('GET', CHECK, reader).repeat(4) + line('CONNECT', 'localhost:22', reader));
    await client.end();
    expect(client.statuses).toEqual([200, 200, 200, 200, 400]);
  });

  it.each([
    ['a body that cannot be read', 'Transfer-Encoding: chunked\r\n\r\nz\r\n'],
    ['headers that cannot be read', 'no header\r\n\r\n'],
  ])('a change is answered that is pipelined before a request with %s', async (what, rest) => {
    const client = await open();
    const created = JSON.stringify({ name: what });
    client.socket.write(
      line('POST', '/api/serviceaccounts', BOOTSTRAP_TOKEN, `Content-Length: ${created.length}`, JSON_TYPE) +
        created +
        line('POST', '/api/serviceaccounts', BOOTSTRAP_TOKEN, JSON_TYPE).replace(/\r\n$/, rest),
    );
    await client.end();
    expect(client.statuses).toEqual([201]);
  });

  it('headers and bodies that never end are given up within their time, and cost no answer of check', async () => {
    const [silent, slowHead, slowBody, endless, huge] = await openMany(5);
    if (!silent || !slowHead || !slowBody || !endless || !huge) throw new Error('five clients are needed');
    slowHead.socket.write('GET /api/licensing/check HTTP/1.1\r\nHost: x\r\n');
    slowBody.socket.write(install(writer, 'Content-Length: 60000'));
    endless.socket.write(install(writer, 'Transfer-Encoding: chunked'));
    huge.socket.write(install(writer, `Content-Length: ${2 ** 30}`));
    const drip = setInterval(() => {
      slowHead.socket.write('X-Slow: a\r\n');
      slowBody.socket.write(' ');
      endless.socket.write(`1000\r\n${' '.repeat(0x1000)}\r\n`);
      huge.socket.write(' '.repeat(0x1000));
    }, 100);
    try {
      await Promise.all([silent, slowHead, slowBody, endless, huge].map(async (client) => client.end()));
    } finally {
      clearInterval(drip);
    }
    expect(silent.statuses).toEqual([408]);
    expect(slowHead.statuses).toEqual([408]);
    expect(slowBody.statuses).toEqual([408]);
    // Refused as soon as they were too large; the rest was dropped.
    expect(endless.statuses).toEqual([413]);
    expect(huge.statuses).toEqual([413]);
    await expectCheck();
    // Nothing of it is held any more.
    for (let write = 0; write < MAX_IN_WORK; write += 1)
      expect((await service.post('/api/licensing/token', {})).status).toBe(400);
  });

  it.each([
    ['16 KiB in one header', [`X-Large: ${'a'.repeat(16 * 1024)}`], 431],
    ['5,000 headers', Array.from({ length: 5_000 }, (_, at) => `X-${at}: ${at}`), 431],
    ['as many short ones as fit', Array.from({ length: 2_300 }, () => 'a:b'), 200],
    ['an endless list of proxies', [`X-Forwarded-For: ${'127.0.0.1,'.repeat(1_500)}`], 200],
  ])('a request with %s is answered, and the next one too', async (_, headers, status) => {
    const client = await open();
    client.socket.write(line('GET', CHECK, reader, 'Connection: close', ...headers));
    await client.end();
    expect(client.statuses).toEqual([status]);
    await expectCheck();
  });

  it('a target of 20 KiB is 431', async () => {
    const client = await open();
    client.socket.write(line('GET', `${CHECK}?${'a'.repeat(20_000)}`, reader));
    await client.end();
    expect(client.statuses).toEqual([431]);
    await expectCheck();
  });

  it('a flood of writes and lists of one caller leaves check its answers, and ends in documented ones', async () => {
    const statuses: number[] = [];
    for (let wave = 0; wave < 10; wave += 1) {
      const flood = Array.from({ length: 20 }, async (_, at) => {
        const path = at % 2 === 0 ? '/api/licensing/token' : '/api/serviceaccounts/1/tokens';
        const { status } = await send(service.url, {
          method: at % 2 === 0 ? 'POST' : 'GET',
          path,
          headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}`, 'Content-Type': 'application/json' },
          ...(at % 2 === 0 ? { body: '{"token":"x.y.z"}' } : {}),
        });
        statuses.push(status);
      });
      await Promise.all([...flood, expectCheck(), expectCheck()]);
    }
    expect(statuses).toHaveLength(200);
    // How many are at work at a time is for the machine: each answer is one of these, and none is a 5xx.
    expect(statuses.filter((status) => ![200, 400, 429].includes(status))).toEqual([]);
    expect((await service.post('/api/licensing/token', {})).status).toBe(400);
  });
});

describe('With more slots for work than connections', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, { MAX_CONNECTIONS: String(MAX_CONNECTIONS) });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it('bodies of one caller that never end leave other callers a connection', async () => {
    const greedy = await service.caller(READER);
    const other = await service.caller(READER);
    const unending = [
      ...['POST /api/licensing/token/inspect HTTP/1.1', 'Host: x', `Authorization: Bearer ${greedy.token}`],
      ...['Content-Type: application/json', 'Content-Length: 60000', '', '{'],
    ].join('\r\n');
    const clients: Client[] = [];
    // One after the other, so that each is at work before the next one wants a place.
    for (let count = 0; count < MAX_CONNECTIONS + 10; count += 1) {
      const client = await Client.open(service.url);
      clients.push(client);
      client.socket.write(unending);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (let count = 0; count < 5; count += 1) {
      const headers = { Authorization: `Bearer ${other.token}` };
      const answer = await send(service.url, { path: CHECK, headers });
      expect(answer.status).toBe(200);
    }
    // A quarter of the connections is at work for this caller, and no more.
    const refused = clients.filter(({ statuses }) => statuses.includes(429)).length;
    expect(refused).toBeGreaterThanOrEqual(MAX_CONNECTIONS - Math.floor(MAX_CONNECTIONS / 4));
    for (const { socket } of clients) socket.destroy();
  });
});
