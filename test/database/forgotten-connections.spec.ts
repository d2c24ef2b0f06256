import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { DataSource } from 'typeorm';
import { Database } from '../../src/database/database.js';

const sockets = new Set<Socket>();
let server: Server;

/** A message of the Postgres protocol. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const READY = message('Z', Buffer.from('I'));
const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), READY]);
const FAILURE = Buffer.concat([
  message('E', Buffer.from('SERROR\0VERROR\0C58000\0Mthe disk is away\0\0')),
  READY,
]);

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.once('data', () => {
      socket.write(WELCOME);
      socket.on('data', () => socket.write(FAILURE));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

describe('a start on a server that takes connections and fails each statement', () => {
  it('leaves no connection behind', async () => {
    const { port } = server.address() as AddressInfo;
    const dataSource = new DataSource({
      type: 'postgres',
      host: '127.0.0.1',
      port,
      username: 'x',
      logging: false,
    });
    const database = new Database(dataSource, 'run');
    for (let tries = 1; tries <= 3; tries += 1) await expect(database.start()).rejects.toThrow();
    for (const socket of sockets)
      if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(5_000) });
    expect(sockets.size).toBe(0);
  });
});
