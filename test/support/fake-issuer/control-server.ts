import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Overrides } from '../tokens.js';
import { FAULTS, faultNamed } from './faults.js';
import type { FakeIssuer } from './fake-issuer.js';
import { type Manner, MANNERS } from './taken-reports.js';

interface Orders {
  readonly name?: string;
  readonly times?: number;
  readonly seed?: number;
  readonly share?: number;
  readonly keepOld?: boolean;
  readonly manner?: Manner;
  readonly claims?: Overrides;
}

/** Tells a fake issuer what to do over HTTP, on a port of its own: what a test in another process uses. */
export class ControlServer {
  readonly #server: Server;
  #release: (() => void) | undefined;

  private constructor(private readonly issuer: FakeIssuer) {
    this.#server = createServer((request, response) => {
      this.#obey(request)
        .then((done) =>
          response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(done ?? {})),
        )
        .catch((error: Error) => response.writeHead(400).end(JSON.stringify({ message: error.message })));
    });
  }

  static async start(issuer: FakeIssuer, port = 0): Promise<ControlServer> {
    const control = new ControlServer(issuer);
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return control;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #obey(request: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const orders = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Orders;
    const { issuer } = this;
    switch (`${request.method} ${request.url}`) {
      case 'GET /':
        return { url: issuer.url, kid: issuer.key.kid, faults: FAULTS.length };
      case 'GET /ca':
        return { pem: issuer.ca };
      case 'GET /faults':
        return FAULTS.map(({ name, family, hits, expected }) => ({ name, family, hits, expected }));
      case 'POST /fault':
        return issuer.inflict(faultNamed(orders.name ?? ''), orders.times);
      case 'DELETE /fault':
        return issuer.heal();
      case 'POST /random':
        return issuer.inflictAtRandom(orders.seed ?? 1, orders.share);
      case 'POST /hold':
        this.#release ??= issuer.holdRenewals().release;
        return undefined;
      case 'POST /release':
        this.#release?.();
        return (this.#release = undefined);
      case 'POST /rotate':
        return { kid: issuer.rotate(orders.keepOld ?? true).kid };
      case 'POST /tokens':
        return { token: issuer.token(orders.claims) };
      case 'POST /statements':
        return { statement: issuer.statement(orders.claims) };
      case 'GET /reports':
        return issuer.reports.received;
      case 'POST /reports':
        if (!MANNERS.some((manner) => manner === orders.manner))
          throw new Error(`manner must be one of ${MANNERS.join(', ')}`);
        return void (issuer.reports.manner = orders.manner as Manner);
      case 'GET /log':
        return issuer.journal.entries();
      case 'GET /issued':
        return issuer.journal.entries('issued');
      default:
        throw new Error(`there is no ${request.method} ${request.url}`);
    }
  }
}
