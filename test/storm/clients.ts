import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './history.js';

/** No answer takes longer, milliseconds; a client that hears nothing knows nothing. */
const PATIENCE_MS = 20_000;
/** The next term begins in so many seconds, or in up to twice as many. */
const SOON = 2;
export const INSTANCE = 'http://localhost:3000/';

/** A replica as clients see it. */
export interface Address {
  readonly name: string;
  readonly url: string;
}

/** Clients that use the API and write down what they asked and what they heard. */
export class Clients {
  readonly calls: Call[] = [];
  readonly #loops: Promise<void>[] = [];
  #going = true;

  /**
   * @param mint - has the issuer make a token for an upload, whose term begins in so many seconds
   * @param chance - a number from 0 to 1, 1 excluded
   */
  constructor(
    private readonly replicas: readonly Address[],
    private readonly bearer: string,
    private readonly mint: (lid: string, jti: string, begin?: number) => Promise<string>,
    private readonly chance: () => number,
  ) {}

  /** Begins with everything that callers do, each at its own pace. */
  start(): void {
    for (const replica of this.replicas) {
      this.#every(20, 120, async () => this.check(replica));
      this.#every(100, 400, async () => this.read(replica));
    }
    this.#every(200, 900, async () => this.renew(this.#any()));
    // Two at once, on any replicas.
    this.#every(1_000, 3_000, async () => Promise.all([this.renew(this.#any()), this.renew(this.#any())]));
    this.#every(500, 2_500, async () => this.install(this.#any(), this.chance() < 0.8 ? 'one' : 'two'));
    this.#every(1_000, 3_000, async () => this.queue(this.#any(), SOON + Math.floor(this.chance() * SOON)));
    this.#every(3_000, 8_000, async () => this.remove(this.#any()));
  }

  async stop(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#loops);
  }

  async check(replica: Address): Promise<Call> {
    return this.#call('check', replica, 'GET', '/api/licensing/check', undefined, (body) => ({
      valid: body === true,
    }));
  }

  async read(replica: Address): Promise<Call> {
    return this.#call('read', replica, 'GET', '/api/licensing/token', undefined, shown);
  }

  async renew(replica: Address): Promise<Call> {
    return this.#call('renew', replica, 'POST', '/api/licensing/token/renew', {}, shown);
  }

  async remove(replica: Address): Promise<Call> {
    return this.#call(
      'remove',
      replica,
      'DELETE',
      '/api/licensing/token',
      { instance: INSTANCE },
      () => ({}),
    );
  }

  /** Uploads a new token; nothing while the issuer is away. */
  async install(replica: Address, lid: string): Promise<Call | undefined> {
    const jti = `uploaded-${randomUUID()}`;
    const token = await this.mint(lid, jti).catch(() => undefined);
    if (token === undefined) return undefined;
    return this.#call('install', replica, 'POST', '/api/licensing/token', { token }, () => ({ jti }));
  }

  /** Uploads a license of the next term. @param begin - in how many seconds it begins */
  async queue(replica: Address, begin: number): Promise<Call | undefined> {
    const jti = `queued-${randomUUID()}`;
    const token = await this.mint(`term of ${jti}`, jti, begin).catch(() => undefined);
    if (token === undefined) return undefined;
    return this.#call('queue', replica, 'POST', '/api/licensing/token', { token, queue: true }, () => ({}));
  }

  async #call(
    kind: Call['kind'],
    { name, url }: Address,
    method: string,
    path: string,
    body: object | undefined,
    read: (body: unknown) => Pick<Call, 'jti' | 'valid'>,
  ): Promise<Call> {
    const id = randomUUID();
    const start = Date.now();
    let heard: Pick<Call, 'status' | 'jti' | 'valid'> = { status: undefined };
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${this.bearer}`,
          'X-Request-Id': id,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const answer: unknown = await response.json();
      heard = { status: response.status, ...(response.ok ? read(answer) : {}) };
    } catch {
      // Nobody was there, or was no more.
    }
    const call = { kind, replica: name, start, end: Date.now(), id, ...heard };
    this.calls.push(call);
    return call;
  }

  #every(least: number, most: number, work: () => Promise<unknown>): void {
    const loop = async () => {
      while (this.#going) {
        await work();
        await sleep(least + this.chance() * (most - least));
      }
    };
    this.#loops.push(loop());
  }

  #any(): Address {
    return this.replicas[Math.floor(this.chance() * this.replicas.length)] as Address;
  }
}

/** The license of an answer: 4 is the status of none. */
function shown(body: unknown): Pick<Call, 'jti'> {
  const { status, jti } = body as { status: number; jti: string };
  return { jti: status === 4 ? null : jti };
}
