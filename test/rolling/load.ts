import { Agent, request } from 'node:http';

/** A request that did not get the answer it has to get. */
export interface Failure {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly what: string;
  readonly why: string;
}

/** How many are sent at once, so many times a second. */
const TICKS_PER_SECOND = 100;
/** Connections that clients keep open. */
const CONNECTIONS = 50;
/** No answer takes longer, milliseconds. */
const PATIENCE_MS = 15_000;

/** What is asked in turn: mostly the check, and now and then what the whole pipeline answers. */
const CHECK = { method: 'GET', path: '/api/licensing/check' } as const;
const READ = { method: 'GET', path: '/api/licensing/token' } as const;
const INSPECT = { method: 'POST', path: '/api/licensing/token/inspect' } as const;

/** Clients that ask at a steady rate over connections that they keep, regardless of the answers. */
export class Load {
  readonly failures: Failure[] = [];
  sent = 0;
  answered = 0;
  readonly #times: number[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #under = new Set<Promise<void>>();
  readonly #started = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #due = 0;

  /**
   * @param rate - requests a second
   * @param token - of the license that is inspected
   * @param hasWrites - whether what is no GET is asked too
   */
  constructor(
    private readonly url: string,
    private readonly bearer: string,
    private readonly rate: number,
    private readonly token: string,
    private readonly hasWrites: boolean,
  ) {}

  start(): void {
    const begun = performance.now();
    this.#timer = setInterval(() => {
      // By the clock: a timer that comes late sends what is due since.
      this.#due = ((performance.now() - begun) / 1_000) * this.rate;
      while (this.sent < this.#due) this.#send();
    }, 1_000 / TICKS_PER_SECOND);
  }

  /** Sends no more, and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#under);
    this.#agent.destroy();
  }

  /** Milliseconds within which so large a part of the answers came. @param share - from 0 to 1 */
  within(share: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  }

  #send(): void {
    const at = this.sent % 20;
    this.sent += 1;
    const asked = at === 0 ? READ : at === 10 && this.hasWrites ? INSPECT : CHECK;
    const began = performance.now();
    const done = this.#ask(asked.method, asked.path).then(
      (why) => {
        this.#times.push(performance.now() - began);
        if (why === undefined) this.answered += 1;
        else this.#fail(began, asked.path, why);
      },
      (error: Error) => this.#fail(began, asked.path, error.message),
    );
    this.#under.add(done);
    void done.finally(() => this.#under.delete(done));
  }

  #fail(began: number, what: string, why: string): void {
    this.failures.push({ at: Math.round(began - this.#started), what, why });
  }

  /** @returns what is wrong with the answer; undefined where nothing is */
  async #ask(method: string, path: string): Promise<string | undefined> {
    const body = method === 'POST' ? JSON.stringify({ token: this.token }) : undefined;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.url}${path}`,
        {
          method,
          agent: this.#agent,
          timeout: PATIENCE_MS,
          headers: {
            Authorization: `Bearer ${this.bearer}`,
            ...(body === undefined
              ? {}
              : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => (text += part));
          response.on('error', reject);
          response.on('end', () => {
            const isRight = response.statusCode === 200 && (path !== CHECK.path || text === 'true');
            resolve(isRight ? undefined : `${response.statusCode}: ${text.slice(0, 200)}`);
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}
