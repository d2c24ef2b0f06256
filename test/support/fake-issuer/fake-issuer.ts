import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import type { Certificate } from '../certificates.js';
import { type Overrides, sign, signRevocation, type TestKey, validClaims } from '../tokens.js';
import { Chance } from './chance.js';
import { FAULTS } from './faults.js';
import type { Answer, Fault, ReceivedRequest, Situation } from './faults/fault.js';
import { IssuerState } from './issuer-state.js';
import { Journal } from './journal.js';
import { TakenReports } from './taken-reports.js';

export type { Answer, ReceivedRequest };

const RENEWALS = '/v1/licenses/renew';
const KEY_SET = '/.well-known/jwks.json';
/** No token's `iat` lies further ahead than this, seconds, where tokens follow the clock. */
const MAX_AHEAD = 5;

export interface FakeIssuerOptions {
  readonly tls?: boolean;
  /** 0, or nothing, lets the system choose. */
  readonly port?: number;
  /** Where keys and what was given are kept; nothing: a new issuer at each start. */
  readonly state?: string;
  /** A file that gets a line for everything that happens. */
  readonly log?: string;
  /**
   * New tokens are of this moment and last so many seconds; nothing: one second newer than the last, to the
   * same end.
   */
  readonly lifetime?: number;
}

/**
 * An issuer to test against, over real HTTP and TLS: it publishes keys that it made at its start and answers
 * renewals as it is told, rightly or wrongly. Without word it renews: the next token of a license, one second
 * newer than the last.
 */
export class FakeIssuer {
  readonly requests: ReceivedRequest[] = [];
  readonly state: IssuerState;
  readonly journal: Journal;
  /** What renewals report of usage. */
  readonly reports = new TakenReports();
  readonly #front: Server;
  readonly #http = createHttpServer((request, response) => this.#receive(request, response));
  readonly #https: HttpsServer | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #id = Math.random().toString(36).slice(2, 8);
  #told: { readonly fault: Fault; left: number } | undefined;
  #chance: Chance | undefined;
  #renewal: Answer | undefined;
  #keySet: Answer | undefined;
  #held: { readonly released: Promise<void>; readonly arrived: () => void } | undefined;
  #issued = 0;
  #url = '';

  private constructor(private readonly options: FakeIssuerOptions) {
    if (process.env.NODE_ENV === 'production') throw new Error('the fake issuer does not run in production');
    this.state = new IssuerState(options.state);
    this.journal = new Journal(options.log);
    if (options.tls === true) this.#https = this.#createHttps(this.state.authority.issue());
    this.#front = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start(options: FakeIssuerOptions = {}): Promise<FakeIssuer> {
    const issuer = new FakeIssuer(options);
    await issuer.#listen(options.port ?? 0);
    const { port } = issuer.#front.address() as AddressInfo;
    issuer.#url = options.tls === true ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
    issuer.journal.note({ event: 'started', url: issuer.#url, kid: issuer.key.kid });
    return issuer;
  }

  /** Where it is; also the `iss` of its licenses. */
  get url(): string {
    return this.#url;
  }

  get key(): TestKey {
    return this.state.keys[0] as TestKey;
  }

  /** The certificate authority of its TLS, PEM. */
  get ca(): string {
    return this.state.authority.cert;
  }

  /** Requests for a renewal so far. */
  get renewals(): ReceivedRequest[] {
    return this.requests.filter((request) => request.path === RENEWALS);
  }

  /** Requests for the key set so far. */
  get keySetRequests(): ReceivedRequest[] {
    return this.requests.filter((request) => request.path === KEY_SET);
  }

  /** Has what this fault hits meet it from now on, so many times. */
  inflict(fault: Fault, times = Infinity): void {
    if (fault.hits === 'connection' && this.#https === undefined)
      throw new Error('only an issuer with TLS can have it');
    this.#told = { fault, left: times };
  }

  /** Has requests and connections meet faults by chance, or no more. */
  inflictAtRandom(seed?: number, share = 0.3): void {
    const faults = this.#https === undefined ? FAULTS.filter(({ hits }) => hits !== 'connection') : FAULTS;
    this.#chance = seed === undefined ? undefined : new Chance(seed, share, faults);
  }

  /** All is well again, also what was told by the next two, and the reports of usage. */
  heal(): void {
    this.#told = undefined;
    this.#chance = undefined;
    this.answerRenewals();
    this.answerKeySet();
    this.reports.manner = 'take';
  }

  /** Says what renewals are answered with from now on; nothing for the usual. */
  answerRenewals(answer?: Answer): void {
    this.#renewal = answer;
  }

  /** Says what is answered where the keys are; nothing for the usual. */
  answerKeySet(answer?: Answer): void {
    this.#keySet = answer;
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

  /** Signs with a new key from now on. @param keepOld - whether the old ones are published further on */
  rotate(keepOld: boolean): TestKey {
    const key = this.state.rotate(keepOld);
    this.journal.note({ event: 'rotated', kid: key.kid, keepOld });
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
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#front.close(resolve));
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#front.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    const fault = this.#faultOf('connection');
    if (fault?.hits !== 'connection') return void (this.#https ?? this.#http).emit('connection', socket);
    this.journal.note({ event: 'connection', fault: fault.name });
    fault.accept({
      socket,
      authority: this.state.authority,
      secure: (certificate, options) =>
        void this.#createHttps(certificate, options).emit('connection', socket),
    });
  }

  #createHttps(certificate: Certificate, options: object = {}): HttpsServer {
    return createHttpsServer({ ...certificate, ...options }, (request, response) =>
      this.#receive(request, response),
    );
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
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
    const hits = request.path === RENEWALS ? 'renewal' : request.path === KEY_SET ? 'keys' : undefined;
    const { method, path } = request;
    if (hits === undefined) {
      this.journal.note({ event: 'request', method, path });
      return { status: 404 };
    }
    const told = hits === 'renewal' ? this.#renewal : this.#keySet;
    const fault = told === undefined ? this.#faultOf(hits) : undefined;
    const situation = this.#situation(request);
    const { lid, jti, iat } = situation.claims;
    const attempt = attemptOf(request);
    this.journal.note({ event: 'request', method, path, attempt, lid, jti, iat, fault: fault?.name });
    if (told !== undefined) return told;
    if (fault !== undefined && fault.hits !== 'connection') return fault.answer(situation);
    return hits === 'keys'
      ? { status: 200, body: { keys: this.state.keys.map((key) => key.jwk) } }
      : this.#renew(request, situation);
  }

  #faultOf(hits: Fault['hits']): Fault | undefined {
    const told = this.#told;
    if (told === undefined) return this.#chance?.pick(hits);
    if (told.fault.hits !== hits) return undefined;
    told.left -= 1;
    if (told.left <= 0) this.#told = undefined;
    return told.fault;
  }

  #situation(request: ReceivedRequest): Situation {
    const shown = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const payload = shown.split('.')[1];
    const claims =
      payload === undefined ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Overrides);
    const { url, key } = this;
    return {
      url,
      key,
      publishedKeys: this.state.keys,
      shown,
      claims,
      next: this.#next(claims, `unused-${this.#issued + 1}`),
      sign: (all, by = key) => sign({ key: by, claims: withoutUndefined(all) }),
      statement: (some = {}, by = key) => this.statement({ lid: claims.lid, ...some }, by),
    };
  }

  #renew(request: ReceivedRequest, { claims }: Situation): Answer {
    const { dryRun, usage } = JSON.parse(request.body) as {
      readonly dryRun?: boolean;
      readonly usage?: JsonObject;
    };
    if (dryRun === true) return { status: 200, body: { dryRun } };
    if (usage !== undefined && this.reports.manner === 'refuse')
      return { status: 400, body: { code: 'bad_request', message: 'usage is not known' } };
    const attempt = attemptOf(request);
    const lid = claims.lid as string;
    const taken = this.reports.take(lid, usage);
    const before = this.state.given(attempt, lid);
    if (before !== undefined) return { status: 200, body: { token: before, ...taken } };
    const next = this.#next(claims, this.options.state === undefined ? 'renewed' : `renewed-${this.#id}`);
    const iat = Number(next.iat);
    if (this.options.lifetime !== undefined && iat > Date.now() / 1000 + MAX_AHEAD) {
      return { status: 409, body: { code: 'not_due', ...taken } };
    }
    this.#issued += 1;
    const jti = `${next.jti as string}-${this.#issued}`;
    const token = this.token({ ...next, jti });
    if (attempt !== undefined) this.state.give({ attempt, lid, iat, token });
    this.journal.note({ event: 'issued', attempt, lid, jti, iat, exp: next.exp, token });
    return { status: 200, body: { token, ...taken } };
  }

  /** What the next token of a license claims. */
  #next(claims: Overrides, jti: string): Overrides {
    const { lifetime } = this.options;
    const iat = Number(claims.iat) + 1;
    if (lifetime === undefined) return { ...claims, jti, iat };
    const now = Math.floor(Date.now() / 1000);
    const newer = Math.max(iat, this.state.newest(claims.lid as string) + 1, now);
    return { ...claims, jti, iat: newer, exp: Math.min(Number(claims.lexp), newer + lifetime) };
  }
}

function attemptOf({ headers }: ReceivedRequest): string | undefined {
  const key = headers['idempotency-key'];
  return Array.isArray(key) ? key[0] : key;
}

function withoutUndefined(claims: Overrides): Overrides {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
