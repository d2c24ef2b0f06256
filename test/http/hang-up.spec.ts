import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { hangUp } from '../../src/http/hang-up.js';

describe('A connection that is hung up', () => {
  let server: Server;

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  it('gets no more requests of what has arrived, and other connections get theirs', async () => {
    let seen = 0;
    server = createServer((request, response) => {
      seen += 1;
      if (request.url === '/good') response.end('good');
      else if (seen === 3) hangUp(request.socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (let round = 0; round < 3; round += 1) {
      seen = 0;
      const client = connect(port, '127.0.0.1');
      client.on('error', () => undefined);
      client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000));
      await once(client, 'close');
      expect(seen).toBe(3);
      // Node uses its parsers again, for other connections.
      expect(await (await fetch(`http://127.0.0.1:${port}/good`)).text()).toBe('good');
    }
  });
});
