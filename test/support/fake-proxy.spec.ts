import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CertificateAuthority } from './certificates.js';
import { FakeProxy } from './fake-proxy.js';

const ca = new CertificateAuthority();

describe('the fake proxy', () => {
  let server: Server;
  let proxy: FakeProxy;
  let target: string;

  beforeEach(async () => {
    server = createServer((_request, response) => response.end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    await proxy.stop();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  /** Asks for a tunnel. @returns the proxy's status, and what is said through the tunnel where it stands */
  async function ask(
    to: string,
    headers: Record<string, string> = {},
    secure = false,
  ): Promise<[number, string?]> {
    const at = { host: 'localhost', port: proxy.port };
    const line: Socket = secure ? connectTls({ ...at, ca: ca.cert }) : connect(at);
    const call = request({ createConnection: () => line, method: 'CONNECT', path: to, headers }).end();
    const [{ statusCode = 0 }, tunnel] = (await once(call, 'connect')) as [IncomingMessage, Socket];
    if (statusCode !== 200) {
      tunnel.destroy();
      return [statusCode];
    }
    tunnel.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const [bytes] = (await once(tunnel, 'data')) as [Buffer];
    tunnel.destroy();
    return [statusCode, bytes.toString()];
  }

  it.each([false, true])('opens tunnels, over TLS: %s, and remembers where to', async (secure) => {
    proxy = await FakeProxy.start(secure ? ca.issue() : undefined);
    const [status, said] = await ask(target, {}, secure);
    expect(status).toBe(200);
    expect(said).toContain('here');
    expect(proxy.asked).toMatchObject([{ target, headers: { host: expect.any(String) as string } }]);
  });

  it('wants the credentials that it was started with', async () => {
    proxy = await FakeProxy.start(undefined, 'me:right');
    const basic = (text: string) => ({
      'Proxy-Authorization': `Basic ${Buffer.from(text).toString('base64')}`,
    });
    expect(await ask(target)).toEqual([407]);
    expect(await ask(target, basic('me:wrong'))).toEqual([407]);
    expect((await ask(target, basic('me:right')))[0]).toBe(200);
  });

  it('says 502 where nobody is', async () => {
    proxy = await FakeProxy.start();
    expect(await ask('127.0.0.1:1')).toEqual([502]);
  });

  it('does what it is told, and as usual again', async () => {
    proxy = await FakeProxy.start();
    proxy.answer((client) => void client.end('HTTP/1.1 418 Teapot\r\n\r\n'));
    expect(await ask(target)).toEqual([418]);
    proxy.answer();
    expect((await ask(target))[0]).toBe(200);
  });

  it('counts requests that are no tunnels, and answers none', async () => {
    proxy = await FakeProxy.start();
    expect((await fetch(proxy.url())).status).toBe(400);
    expect(proxy.others).toBe(1);
  });
});
