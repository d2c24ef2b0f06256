import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Stands between a client and a server, to take the line away: what a network does, on purpose. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #swallowed: ReadonlySet<readonly [Socket, Socket]> = new Set();
  #delay = 0;
  #frozen = false;
  #refusing = false;

  private constructor(private readonly target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#join(client));
  }

  static async start(host: string, port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy({ host, port });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection, and refuses new ones until {@link mend}. */
  cut(): void {
    this.#refusing = true;
    for (const pair of this.#pairs) pair.forEach((socket) => socket.destroy());
  }

  /** Lets nothing through any more, without closing anything. */
  freeze(): void {
    this.#frozen = true;
    for (const pair of this.#pairs) pair.forEach((socket) => socket.pause());
  }

  /** Nothing that is sent on the present connections arrives any more, for good; new ones are fine. */
  swallow(): void {
    for (const pair of this.#pairs) pair.forEach((socket) => socket.pause());
    this.#swallowed = new Set([...this.#swallowed, ...this.#pairs]);
  }

  /** Lets everything through this much later, milliseconds. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Ends every fault. */
  mend(): void {
    this.#refusing = false;
    this.#delay = 0;
    this.#frozen = false;
    for (const pair of this.#pairs) {
      if (!this.#swallowed.has(pair)) pair.forEach((socket) => socket.resume());
    }
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    if (this.#refusing) return void client.destroy();
    const server = connect(this.target);
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      let turn = Promise.resolve();
      from.on('data', (bytes) => {
        if (this.#delay === 0) return void turn.then(() => to.write(bytes));
        const arrives = new Promise<void>((resolve) => setTimeout(resolve, this.#delay));
        turn = turn.then(() => arrives).then(() => void to.write(bytes));
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#frozen) pair.forEach((socket) => socket.pause());
  }
}
