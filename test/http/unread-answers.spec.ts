import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { UnreadAnswers } from '../../src/http/unread-answers.js';

/** More than sockets take on the way. */
const BYTES = 16 * 1024 * 1024;

describe('Answers that clients do not read', () => {
  let server: Server;
  let port: number;
  let clients: Socket[];

  /** Serves large answers, with room for two; a client's path is its caller's name. */
  beforeEach(async () => {
    const unread = new UnreadAnswers(2.5 * BYTES);
    server = createServer((request, response) => {
      unread.add(response, request.url ?? '', BYTES);
      response.end(Buffer.alloc(BYTES));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    clients = [];
  });

  afterEach(() => {
    for (const client of clients) client.destroy();
    server.closeAllConnections();
    server.close();
  });

  /** @returns a client that has the beginning of its answer, and reads no further */
  async function ask(caller: string): Promise<Socket> {
    const client = connect(port, '127.0.0.1');
    clients.push(client);
    client.on('error', () => undefined);
    client.write(`GET /${caller} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await once(client, 'readable');
    return client;
  }

  /** Reads what is left. @returns whether it was all */
  async function isWhole(client: Socket): Promise<boolean> {
    let read = 0;
    client.on('data', (bytes: Buffer) => {
      read += bytes.length;
      if (read > BYTES) client.destroy();
    });
    if (!client.closed) await once(client, 'close');
    return read > BYTES;
  }

  it('cost the caller who has the most of them the oldest', async () => {
    const [other, first, second, third] = [await ask('b'), await ask('a'), await ask('a'), await ask('a')];
    expect(await Promise.all([first, second].map(isWhole))).toEqual([false, false]);
    expect(await Promise.all([other, third].map(isWhole))).toEqual([true, true]);
  });

  it('make room again when they are read', async () => {
    for (let time = 0; time < 4; time += 1) expect(await isWhole(await ask('a'))).toBe(true);
  });
});
