import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import type { PostgresServer } from '../support/postgres-server.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';
import { Scrape } from '../support/scrape.js';
import { ServiceProcess } from '../support/service-process.js';

/** Writes come back within this time after the fault has ended, milliseconds. */
const BACK_WITHIN_MS = 5_000;
/** No request takes longer, milliseconds: it would hang. Far above every time-out of the service. */
const HANGS_AFTER_MS = 25_000;
const DATABASE = 'licentia';

/** What the service answered. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
  readonly body: any;
}

/** The built service as a process of its own, on a database of a server that a test may hurt. */
export class Stage {
  readonly #acknowledged: { names: string[]; iat: number } = { names: [], iat: 0 };
  readonly #services: ServiceProcess[] = [];
  #written = 0;

  private constructor(
    readonly server: PostgresServer,
    readonly issuer: FakeIssuer,
    /** Where the service finds its database. */
    private readonly url: string,
  ) {}

  /**
   * @param through - the port of a proxy before the server; none without
   * @param user - the role that the service connects as
   */
  static async set(
    server: PostgresServer,
    { through, user = 'postgres' }: { through?: number; user?: string } = {},
  ): Promise<Stage> {
    await server.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    await server.query(`CREATE DATABASE ${DATABASE} OWNER ${user}`);
    const url = `postgres://${user}@127.0.0.1:${through ?? server.port}/${DATABASE}`;
    const stage = new Stage(server, await FakeIssuer.start(), url);
    await stage.join();
    await stage.install();
    return stage;
  }

  /** Starts one more replica. @param url - of its database, where it is another way than the first one's */
  async join(url = this.url): Promise<ServiceProcess> {
    const service = await ServiceProcess.start({ DATABASE_URL: url, ISSUER_URL: this.issuer.url });
    this.#services.push(service);
    await eventually(async () => (await this.call('GET', '/readyz', undefined, service)).status === 200);
    return service;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    service = this.#services[0] as ServiceProcess,
  ): Promise<Answer> {
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(HANGS_AFTER_MS),
    });
    const text = await response.text();
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: text === 'Ok' ? text : (JSON.parse(text) as unknown),
    };
  }

  /** A token that is newer than all before. */
  newerToken(): string {
    this.#written += 1;
    const iat = Math.floor(Date.now() / 1000) - 100_000 + this.#written;
    return this.issuer.token({ jti: `written-${this.#written}`, iat });
  }

  /** Installs a newer token, and remembers it where that is acknowledged. */
  async install(token = this.newerToken()): Promise<Answer> {
    const answer = await this.call('POST', '/api/licensing/token', { token });
    if (answer.status === 200) this.#acknowledged.iat = Math.max(this.#acknowledged.iat, answer.body.iat);
    return answer;
  }

  /** Creates a service account, and remembers it where that is acknowledged. */
  async create(name = `account ${(this.#written += 1)}`): Promise<Answer> {
    const answer = await this.call('POST', '/api/serviceaccounts', { name });
    if (answer.status === 201) this.#acknowledged.names.push(name);
    return answer;
  }

  /**
   * Does something to the database while somebody checks and somebody writes without a pause; the fault ends when
   * `fault` resolves. Then nothing was wrong: every check was right, every refused write was told so in the words of
   * the contract, writes are back in time, and all that was acknowledged is there.
   * @returns how many checks were answered and writes refused meanwhile
   */
  async during(fault: () => Promise<unknown>): Promise<{ checked: number; refused: number }> {
    const wrong: unknown[] = [];
    const count = { checked: 0, refused: 0 };
    let over = false;
    const again = async (step: () => Promise<void>): Promise<void> => {
      while (!over) {
        await step().catch((error: unknown) => wrong.push(error));
        await pause(20);
      }
    };
    const busy = [
      again(async () => {
        const answer = await this.call('GET', '/api/licensing/check');
        count.checked += 1;
        if (answer.status !== 200 || answer.body !== true) wrong.push(answer);
      }),
      ...[() => this.install(), () => this.create()].map((write) =>
        again(async () => {
          const answer = await write();
          if (answer.status < 300) return;
          count.refused += 1;
          if (!isRefusal(answer)) wrong.push(answer);
        }),
      ),
    ];
    try {
      await fault();
      await this.back();
    } finally {
      over = true;
      await Promise.all(busy);
    }
    expect(wrong).toEqual([]);
    expect(count.checked).toBeGreaterThan(0);
    await this.assertNothingLost();
    return count;
  }

  /** Both kinds of write work again in time; every failure on the way is a refusal of the contract. */
  async back(): Promise<void> {
    const ended = performance.now();
    const succeed = async (write: () => Promise<Answer>): Promise<void> => {
      for (let answer = await write(); answer.status >= 300; answer = await write()) {
        expect(isRefusal(answer) ? 'refused as agreed' : answer).toBe('refused as agreed');
        expect(performance.now() - ended).toBeLessThan(BACK_WITHIN_MS);
        await pause(50);
      }
    };
    await Promise.all([succeed(() => this.install()), succeed(() => this.create())]);
  }

  /** What was acknowledged is in the database, each change with its record, and memory says the same. */
  async assertNothingLost(): Promise<void> {
    const accounts = await this.query<{ name: string }>('SELECT name FROM service_account');
    const names = new Set(accounts.map((account) => account.name));
    expect(this.#acknowledged.names.filter((name) => !names.has(name))).toEqual([]);
    const created = await this.query<{ name: string }>(
      `SELECT detail ->> 'name' AS name FROM audit_event WHERE action = 'service-account.create'`,
    );
    expect(created.map((event) => event.name).sort()).toEqual([...names].sort());

    const [license] = await this.query<{ jti: string; iat: string; revision: string }>(
      'SELECT jti, iat, revision FROM license',
    );
    expect(Number(license?.iat)).toBeGreaterThanOrEqual(this.#acknowledged.iat);
    const [{ installed } = { installed: '' }] = await this.query<{ installed: string }>(
      `SELECT count(*) AS installed FROM audit_event WHERE action IN ('license.install', 'license.renew')`,
    );
    expect(license?.revision).toBe(installed);
    for (const service of this.#services) {
      await eventually(
        async () =>
          (await this.call('GET', '/api/licensing/token', undefined, service)).body.jti === license?.jti,
      );
    }
  }

  /** How many lines of the first service's log have a text. */
  said(text: string): number {
    const lines = (this.#services[0] as ServiceProcess).output.split('\n');
    return lines.filter((line) => line.includes(text)).length;
  }

  /** What the first service's metrics say. */
  async metric(name: string): Promise<number | undefined> {
    return (await Scrape.of((this.#services[0] as ServiceProcess).url)).value(name);
  }

  async query<Row extends Record<string, unknown>>(statement: string, ...parameters: unknown[]) {
    return this.server.query<Row>(statement, parameters, DATABASE);
  }

  async strike(): Promise<void> {
    const codes = await Promise.all(this.#services.map((service) => service.kill('SIGTERM')));
    await this.issuer.stop();
    // The processes were up to the end, regardless of what the database did, and nothing was left to the last resort.
    expect(codes).toEqual(codes.map(() => 0));
    expect(this.#services.map((service) => service.output.match(/^unexpected: .*/m)?.[0])).toEqual(
      codes.map(() => undefined),
    );
  }
}

/** What a caller is told whose change the database could not take. */
function isRefusal({ status, retryAfter, body }: Answer): boolean {
  const { messageId } = body as { messageId?: string };
  return status === 503 && messageId === 'database.unavailable' && Number(retryAfter) > 0;
}

export async function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits for what must become so. */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + HANGS_AFTER_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not become so');
    await pause(50);
  }
}
