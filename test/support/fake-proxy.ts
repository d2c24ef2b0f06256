import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificates.js';

/** What a proxy does with a CONNECT; `client` is the connection that asked. */
type Act = (client: Duplex, request: IncomingMessage) => void;

/** A forward proxy over real HTTP: opens tunnels on CONNECT, or does with them what it is told to. */
export class FakeProxy {
  /** What was asked for, and by which headers. */
  readonly asked: { readonly target: string; readonly headers: IncomingMessage['headers'] }[] = [];
  /** Requests that were no CONNECT. */
  others = 0;
  readonly #server;
  readonly #sockets = new Set<Duplex>();
  #act: Act | undefined;

  private constructor(
    private readonly secured: Certificate | undefined,
    private readonly credentials: string | undefined,
  ) {
    this.#server = secured === undefined ? createServer() : createSecureServer({ ...secured });
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
    this.#server.on('request', (_request, response) => {
      this.others += 1;
      response.writeHead(400).end();
    });
    this.#server.on('connect', (request: IncomingMessage, client: Duplex) => this.#connect(request, client));
  }

  /**
   * @param certificate - to speak TLS with its clients
   * @param credentials - `user:password` that it wants to see
   */
  static async start(certificate?: Certificate, credentials?: string): Promise<FakeProxy> {
    const proxy = new FakeProxy(certificate, credentials);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @param userinfo - as it stands before the host, without `@` */
  url(userinfo?: string): string {
    const scheme = this.secured === undefined ? 'http' : 'https';
    return `${scheme}://${userinfo === undefined ? '' : `${userinfo}@`}localhost:${this.port}`;
  }

  /** What is done with tunnels from now on; nothing for the usual. */
  answer(act?: Act): void {
    this.#act = act;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
  }

  #connect(request: IncomingMessage, client: Duplex): void {
    this.#keep(client);
    this.asked.push({ target: request.url ?? '', headers: request.headers });
    if (this.#act !== undefined) return this.#act(client, request);
    const { 'proxy-authorization': shown } = request.headers;
    const wanted =
      this.credentials === undefined
        ? undefined
        : `Basic ${Buffer.from(this.credentials).toString('base64')}`;
    if (shown !== wanted) {
      const challenge = 'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n';
      return void client.end(`HTTP/1.1 407 Proxy Authentication Required\r\n${challenge}`);
    }
    const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(request.url ?? '') ?? [];
    const server = connect(Number(port), host);
    this.#keep(server);
    server.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(server).pipe(client);
    });
    server.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }
}
