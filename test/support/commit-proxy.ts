import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What a client sends before the first message with a type: the start, or a request for encryption. */
const START_HEADER = 4;
const HEADER = 5;

/**
 * Stands between a client and a PostgreSQL server, and reads along: it can cut the line at the one moment where
 * nobody knows what happened, between a COMMIT and its answer. The client must not encrypt.
 */
export class CommitProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: { readonly when: 'before' | 'after'; readonly done: () => void } | undefined;

  private constructor(private readonly target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#join(client));
  }

  static async start(host: string, port: number): Promise<CommitProxy> {
    const proxy = new CommitProxy({ host, port });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Cuts the connection of the next transaction that wrote something: `before` its COMMIT reaches the server, or
   * `after` the server has committed and before the client knows.
   * @returns resolves when it was cut
   */
  async cutCommit(when: 'before' | 'after'): Promise<void> {
    return new Promise((done) => (this.#cut = { when, done }));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    const server = connect(this.target);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    let committed: (() => void) | undefined;
    server.on('data', (bytes) => {
      if (committed === undefined) return void client.write(bytes);
      client.resetAndDestroy();
      committed();
    });

    let wrote = false;
    const statements = statementReader();
    client.on('data', (bytes) => {
      for (const statement of statements(bytes)) {
        if (/^\s*(INSERT|UPDATE|DELETE)\b/i.test(statement)) wrote = true;
        if (/^(START TRANSACTION|ROLLBACK)$/.test(statement)) wrote = false;
        if (statement !== 'COMMIT' || !wrote || this.#cut === undefined) continue;
        const { when, done } = this.#cut;
        this.#cut = undefined;
        if (when === 'before') {
          client.resetAndDestroy();
          return done();
        }
        committed = done;
      }
      server.write(bytes);
    });
  }
}

/** Reads the statements of a client from pieces of any size. */
function statementReader(): (bytes: Buffer) => string[] {
  let started = false;
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const statements: string[] = [];
    for (;;) {
      const header = started ? HEADER : START_HEADER;
      if (rest.length < header) return statements;
      const length = rest.readInt32BE(header - 4) + header - 4;
      if (rest.length < length) return statements;
      const type = started ? String.fromCharCode(rest[0] as number) : '';
      const content = rest.subarray(header, length);
      // A simple query is a text; Parse has the name of the statement before it.
      if (type === 'Q') statements.push(content.toString().split('\0')[0] ?? '');
      if (type === 'P') statements.push(content.toString().split('\0')[1] ?? '');
      started = true;
      rest = rest.subarray(length);
    }
  };
}
