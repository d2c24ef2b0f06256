import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createKey, type Overrides, sign, signRevocation, type TestKey, validClaims } from './tokens.js';

/** A request that the issuer got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What an issuer does with a request: sends a status, headers and a body, or takes the answer into its own hands. */
export type Answer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array | object;
      /** Milliseconds to wait before the answer. */
      readonly delay?: number;
    }
  | ((request: ReceivedRequest, response: ServerResponse) => void);

const RENEWALS = '/v1/licenses/renew';
const KEY_SET = '/.well-known/jwks.json';

/**
 * An issuer to test against, over real HTTP: it publishes keys that it made at its start and answers renewals as it
 * is told. Without word it renews: the next token of a license, one second newer than the last.
 */
export class FakeIssuer {
  readonly requests: ReceivedRequest[] = [];
  readonly #server: Server;
  #keys: TestKey[] = [createKey('ES256', 'fake-1')];
  #renewal: Answer | undefined;
  #keySet: Answer | undefined;
  #held: { readonly released: Promise<void>; readonly arrived: () => void } | undefined;
  #issued = 0;
  #url = '';

  private constructor() {
    if (process.env.NODE_ENV === 'production') throw new Error('the fake issuer does not run in production');
    this.#server = createServer((request, response) => {
      this.#receive(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<FakeIssuer> {
    const issuer = new FakeIssuer();
    await issuer.#listen(0);
    issuer.#url = `http://127.0.0.1:${(issuer.#server.address() as AddressInfo).port}`;
    return issuer;
  }

  /** `http://host:port`; also the `iss` of its licenses. */
  get url(): string {
    return this.#url;
  }

  get key(): TestKey {
    return this.#keys[0] as TestKey;
  }

  /** Requests for a renewal so far. */
  get renewals(): ReceivedRequest[] {
    return this.requests.filter((request) => request.path === RENEWALS);
  }

  /** Requests for the key set so far. */
  get keySetRequests(): ReceivedRequest[] {
    return this.requests.filter((request) => request.path === KEY_SET);
  }

  /** Says what renewals are answered with from now on; nothing for the usual. */
  answerRenewals(answer?: Answer): void {
    this.#renewal = answer;
  }

  /**
   * Keeps renewals waiting until `release` is called: what is answered then is decided then.
   * @returns `arrived` resolves when the first one waits
   */
  holdRenewals(): { readonly arrived: Promise<void>; readonly release: () => void } {
    let release = () => {};
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    this.#held = { released, arrived: arrive };
    return {
      arrived,
      release: () => {
        this.#held = undefined;
        release();
      },
    };
  }

  /** Says what is answered where the keys are; nothing for the usual. */
  answerKeySet(answer?: Answer): void {
    this.#keySet = answer;
  }

  /** Signs with a new key from now on. @param keepOld - whether the old ones are published further on */
  rotate(keepOld: boolean): TestKey {
    const key = createKey('ES256', `fake-${this.#keys.length + 1}-${Date.now()}`);
    this.#keys = keepOld ? [key, ...this.#keys] : [key];
    return key;
  }

  /** A license of this issuer that is valid now, for the root URL `http://localhost:3000/`. */
  token(claims: Overrides = {}, key = this.key): string {
    return sign({ key, claims: this.claims(claims) });
  }

  claims(overrides: Overrides = {}) {
    const now = Math.floor(Date.now() / 1000);
    const own = { iss: this.url, sub: 'http://localhost:3000/', iat: now - 60, exp: now + 86_400 };
    return validClaims({ ...own, ...overrides }, now);
  }

  /** A signed statement that a license is revoked. */
  statement(claims: Overrides = {}, key = this.key): string {
    return signRevocation({ key, claims: { iss: this.url, iat: Math.floor(Date.now() / 1000), ...claims } });
  }

  /** Goes on after a stop, under the same address and with the same keys. */
  async startAgain(): Promise<void> {
    await this.#listen(Number(new URL(this.#url).port));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.requests.push(received);
    if (this.#held !== undefined && received.path === RENEWALS) {
      this.#held.arrived();
      await this.#held.released;
    }
    const answer = this.#answerTo(received);
    if (typeof answer === 'function') return answer(received, response);
    if (answer.delay !== undefined) await new Promise((resolve) => setTimeout(resolve, answer.delay).unref());
    response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
    const { body = '' } = answer;
    response.end(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body));
  }

  #answerTo(request: ReceivedRequest): Answer {
    switch (request.path) {
      case KEY_SET:
        return this.#keySet ?? { status: 200, body: { keys: this.#keys.map((key) => key.jwk) } };
      case RENEWALS:
        return this.#renewal ?? { status: 200, body: this.#renewed(request) };
      default:
        return { status: 404 };
    }
  }

  #renewed(request: ReceivedRequest): object {
    const { dryRun } = JSON.parse(request.body) as { readonly dryRun?: boolean };
    return dryRun === true ? { dryRun } : { token: this.#next(request) };
  }

  #next(request: ReceivedRequest): string {
    const presented = (request.headers.authorization ?? '').split('.')[1] ?? '';
    const claims = JSON.parse(Buffer.from(presented, 'base64url').toString()) as Overrides;
    this.#issued += 1;
    return this.token({ ...claims, jti: `renewed-${this.#issued}`, iat: Number(claims.iat) + 1 });
  }
}
