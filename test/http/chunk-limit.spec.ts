import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { CountedRequest, limitChunks, MAX_CHUNKS } from '../../src/http/chunk-limit.js';

const KEPT = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
const LAST = KEPT.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
const PIECE = '1\r\na\r\n';

describe('The limit of chunks', () => {
  let server: Server;
  /** How much of each body was read. */
  let read: number[];

  beforeEach(async () => {
    read = [];
    server = createServer({ IncomingMessage: CountedRequest }, (request, response) => {
      const index = read.push(0) - 1;
      request.on('data', (chunk: Buffer) => (read[index] = (read[index] ?? 0) + chunk.length));
      request.on('error', () => undefined);
      request.on('end', () => response.end(`${read[index]} bytes`));
    });
    server.on('connection', (socket: Socket) => limitChunks(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  /** @returns what is answered until the server closes the connection */
  async function send(requests: string): Promise<string> {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    client.write(requests);
    return text(client).catch(() => '');
  }

  it('takes a body of as many pieces as are allowed, and hangs up at the next one', async () => {
    expect(await send(`${LAST}${PIECE.repeat(MAX_CHUNKS)}0\r\n\r\n`)).toMatch(/\r\n\r\n2048 bytes$/);
    expect(await send(`${LAST}${PIECE.repeat(MAX_CHUNKS + 1)}0\r\n\r\n`)).toBe('');
    expect(read).toEqual([MAX_CHUNKS, MAX_CHUNKS]);
  });

  it('reads the bodies of other connections in whole with a parser that was used for such a body', async () => {
    for (let round = 0; round < 3; round += 1) {
      expect(await send(LAST + PIECE.repeat(10_000))).toBe('');
      expect(await send(`${LAST}${PIECE.repeat(9)}0\r\n\r\n`)).toMatch(/\r\n\r\n9 bytes$/);
    }
    expect(read).toEqual([MAX_CHUNKS, 9, MAX_CHUNKS, 9, MAX_CHUNKS, 9]);
  });

  it('counts for each request of a connection anew', async () => {
    const body = `${PIECE.repeat(2_000)}0\r\n\r\n`;
    expect((await send(`${KEPT}${body}${LAST}${body}`)).match(/2000 bytes/g)).toHaveLength(2);
  });
});
