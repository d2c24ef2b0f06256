import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { seededRandom } from '../support/random.js';
import { ServiceProcess } from '../support/service-process.js';

const TOKEN = '/api/licensing/token';
const USAGE = '/api/licensing/usage';
/** What happens in the middle of a round, in turn. */
const KINDS = ['nothing', 'kill', 'nothing', 'renewal'] as const;
/** The limit at the beginning; each renewal adds a seat. */
const FIRST_LIMIT = 3;
/** A renewed license is everywhere within this time, milliseconds. */
const SPREADS_WITHIN_MS = 30_000;

export interface SeatsStormOptions {
  /** Of a PostgreSQL server, on which a database is created. */
  readonly server: string;
  /** Of a pooler before it, through which the replicas go; none without. */
  readonly through?: string;
  readonly rounds: number;
  readonly calls: number;
  readonly replicas: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface SeatsAftermath {
  /** How often each thing happened in the middle of a round. */
  readonly rounds: Readonly<Record<(typeof KINDS)[number], number>>;
  /** How many calls had which answer; `none` for those without. */
  readonly answers: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

interface Answer {
  readonly status: number | undefined;
  readonly reason: string | undefined;
}

/**
 * Lets a crowd ask for one seat in each round, on replicas that share a database: one gets it. Some rounds kill a
 * replica (kill -9), or renew the license with one seat more, after some calls were answered.
 */
export async function stormOfSeats(options: SeatsStormOptions): Promise<SeatsAftermath> {
  const database = await postgresDatabase(options.server);
  const issuer = await FakeIssuer.start();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const storm = new SeatsStorm(options, database.url, issuer, client);
  try {
    await storm.set();
    await storm.rage();
    return storm;
  } finally {
    await storm.end();
    await client.end();
    await issuer.stop();
    await database.drop();
  }
}

class SeatsStorm implements SeatsAftermath {
  readonly rounds = { nothing: 0, kill: 0, renewal: 0 };
  readonly answers: Record<string, number> = {};
  readonly violations: string[] = [];
  readonly #chance: () => number;
  readonly #environment: Readonly<Record<string, string>>;
  #replicas: ServiceProcess[] = [];
  #limit = FIRST_LIMIT;
  #issuedAt = Math.floor(Date.now() / 1000) - 80_000;

  constructor(
    private readonly options: SeatsStormOptions,
    private readonly direct: string,
    private readonly issuer: FakeIssuer,
    private readonly client: pg.Client,
  ) {
    this.#chance = seededRandom(options.seed);
    const url = new URL(options.through ?? direct);
    url.pathname = new URL(direct).pathname;
    this.#environment = { DATABASE_URL: url.href, ISSUER_URL: issuer.url };
  }

  async set(): Promise<void> {
    // Tables are made over a connection of one's own.
    const first = await ServiceProcess.start({ ...this.#environment, DATABASE_URL: this.direct });
    await first.kill('SIGTERM');
    for (let index = 0; index < this.options.replicas; index += 1) this.#replicas.push(await this.#start());
    const token = this.#token();
    const { status, text } = await this.#at(0).call('POST', TOKEN, { token });
    if (status !== 200) throw new Error(`the license is refused: ${text}`);
    await this.#everywhere();
  }

  async rage(): Promise<void> {
    for (let round = 1; round <= this.options.rounds; round += 1) {
      const kind = KINDS[(round - 1) % KINDS.length] as (typeof KINDS)[number];
      await this.#round(round, kind);
      this.rounds[kind] += 1;
      if (round % 10 === 0) this.options.say(`${round} rounds, ${this.violations.length} violations`);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.kill('SIGTERM')));
  }

  async #round(round: number, kind: (typeof KINDS)[number]): Promise<void> {
    await this.client.query(
      'DELETE FROM usage_subject; DELETE FROM usage_count; DELETE FROM usage_denial; DELETE FROM usage_open_day',
    );
    const before = this.#limit;
    for (let index = 1; index < before; index += 1) {
      const early = await this.#admit(index, `round ${round} early ${index}`);
      if (early.reason !== 'seat-free') throw new Error(`nobody gets in: ${JSON.stringify(early)}`);
    }
    const { calls } = this.options;
    const at = 1 + Math.floor(this.#chance() * calls * 0.6);
    const victim = Math.floor(this.#chance() * this.#replicas.length);
    let answered = 0;
    let happening: Promise<void> | undefined;
    const answers = await Promise.all(
      Array.from({ length: calls }, async (_, index) => {
        const answer = await this.#admit(index, `round ${round} user ${index}`);
        answered += 1;
        if (answered === at) happening = this.#happen(kind, victim);
        return answer;
      }),
    );
    await happening;
    if (kind === 'renewal') {
      await this.#everywhere();
      // Under the new limit there is one seat more, and who was refused asks again.
      const more = Array.from({ length: 50 }, (_, index) =>
        this.#admit(index, `round ${round} more ${index}`),
      );
      answers.push(...(await Promise.all(more)));
    }
    await this.#judge(`round ${round} (${kind})`, answers, before);
  }

  async #judge(where: string, answers: readonly Answer[], before: number): Promise<void> {
    for (const { status, reason } of answers) {
      const name = reason ?? String(status ?? 'none');
      this.answers[name] = (this.answers[name] ?? 0) + 1;
    }
    const seats = this.#limit - before + 1;
    const admitted = answers.filter(({ reason }) => reason === 'seat-free').length;
    // Of one without a clear answer nobody knows whether it got the seat.
    const open = answers.filter(({ status }) => status !== 200).length;
    const isExact = admitted === seats || (admitted < seats && open > 0);
    if (!isExact) this.violations.push(`${where}: ${admitted} got in, for ${seats} seats`);
    const strange = answers.find(
      ({ reason }) => reason !== undefined && !['seat-free', 'limit-reached'].includes(reason),
    );
    if (strange !== undefined) this.violations.push(`${where}: an answer is ${strange.reason}`);
    const { rows } = await this.client.query<{ subjects: string; counted: string }>(
      `SELECT (SELECT count(*) FROM usage_subject) AS subjects, (SELECT sum(subjects) FROM usage_count) AS counted`,
    );
    const { subjects, counted } = rows[0] as { subjects: string; counted: string };
    if (Number(subjects) !== this.#limit || Number(counted) !== this.#limit)
      this.violations.push(`${where}: ${subjects} stored, ${counted} counted, ${this.#limit} seats`);
  }

  async #happen(kind: (typeof KINDS)[number], victim: number): Promise<void> {
    if (kind === 'kill') {
      await this.#at(victim).kill('SIGKILL');
      this.#replicas[victim] = await this.#start();
      await this.#knows(this.#at(victim));
    }
    if (kind === 'renewal') {
      this.#limit += 1;
      this.issuer.answerRenewals({ status: 200, body: { token: this.#token() } });
      const { status, text } = await this.#at(victim).call('POST', `${TOKEN}/renew`, {});
      if (status !== 200) throw new Error(`the renewal failed: ${text}`);
      this.issuer.answerRenewals();
    }
  }

  async #admit(index: number, subject: string): Promise<Answer> {
    try {
      const { status, text } = await this.#at(index).call('POST', `${USAGE}/admit`, { subject });
      return { status, reason: status === 200 ? (JSON.parse(text) as Answer).reason : undefined };
    } catch {
      return { status: undefined, reason: undefined };
    }
  }

  #at(index: number): ServiceProcess {
    return this.#replicas[index % this.#replicas.length] as ServiceProcess;
  }

  async #start(): Promise<ServiceProcess> {
    return ServiceProcess.start(this.#environment);
  }

  #token(): string {
    this.#issuedAt += 1;
    const jti = `seats-${this.#limit}`;
    return this.issuer.token({ lid: 'seats', jti, iat: this.#issuedAt, included_users: this.#limit });
  }

  async #everywhere(): Promise<void> {
    for (const replica of this.#replicas) await this.#knows(replica);
  }

  /** Waits until a replica has the license of now. */
  async #knows(replica: ServiceProcess): Promise<void> {
    const deadline = performance.now() + SPREADS_WITHIN_MS;
    for (;;) {
      const { status, text } = await replica.call('GET', TOKEN);
      if (status === 200 && (JSON.parse(text) as { jti: string }).jti === `seats-${this.#limit}`) return;
      if (performance.now() > deadline) throw new Error(`a replica does not hear of the license: ${text}`);
      await sleep(25);
    }
  }
}
