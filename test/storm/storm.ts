import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type TestDatabase, postgresDatabase } from '../support/database.js';
import { seededRandom } from '../support/random.js';
import { type Address, Clients } from './clients.js';
import type { AttemptRow, AuditRecord, History, IssuerEvent, LastWord, LicenseRow } from './history.js';
import { freePort, Phoenix } from '../support/phoenix.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BEARER = 'bootstrap-token-of-the-storm-0123456789';
/** How long a token lasts, seconds: short, so that renewals never cease. */
const LIFETIME_SECONDS = 12;
/** Part of the issuer's answers that are faults. */
const SHARE_OF_FAULTS = '0.3';
/** A kill comes this long after the one before, and what was killed stays away so long; milliseconds. */
const BETWEEN_KILLS_MS = [200, 2_500] as const;
const AWAY_MS = [0, 2_000] as const;
const MAX_WAIT_FOR_CROWD_MS = 10_000;
/** Part of the kills that come within so many milliseconds after a renewal was asked for. */
const SHARE_OF_BUSY = 0.5;
const BUSY_MS = 150;
/** After the storm everything must be as usual within this time, milliseconds: an open circuit alone takes 30 s. */
const CALM_WITHIN_MS = 90_000;

export interface StormOptions {
  readonly server: string;
  readonly kills: number;
  readonly seed: number;
  readonly replicas: number;
  readonly say: (line: string) => void;
}

/** What a storm left behind. */
export interface Aftermath {
  readonly history: History;
  readonly kills: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly took: number;
  /** Where the logs are. */
  readonly directory: string;
}

/** Replicas over one database under an unfriendly issuer, all of which are killed at random points while clients go on. */
export async function storm(options: StormOptions): Promise<Aftermath> {
  const started = performance.now();
  const directory = await mkdtemp(join(tmpdir(), 'licentia-storm-'));
  const database = await postgresDatabase(options.server);
  const stage = await Stage.set(options, database, directory);
  try {
    const kills = await stage.rage();
    const lastWords = await stage.calm();
    const history = await stage.history(lastWords);
    await writeFile(join(directory, 'history.json'), JSON.stringify(history));
    return { history, kills, took: performance.now() - started, directory };
  } finally {
    await stage.clear();
    await database.drop();
  }
}

class Stage {
  readonly #chance: () => number;
  #before: LicenseRow = { generation: 0, revision: 0, jti: null, queued: false };

  private constructor(
    private readonly options: StormOptions,
    private readonly database: TestDatabase,
    private readonly directory: string,
    private readonly issuer: Phoenix,
    private readonly control: string,
    private readonly replicas: readonly (Phoenix & { readonly address: Address })[],
    private readonly clients: Clients,
  ) {
    this.#chance = seededRandom(options.seed);
  }

  static async set(options: StormOptions, database: TestDatabase, directory: string): Promise<Stage> {
    const [port, controlPort] = [await freePort(), await freePort()];
    const file = (name: string) => join(directory, name);
    const program = [
      join(ROOT, 'scripts/run-typescript.mjs'),
      join(ROOT, 'test/support/fake-issuer/main.ts'),
    ];
    const issuer = new Phoenix(
      'issuer',
      // Another chance at each start, or it would meet the first faults again and again.
      (start) => [
        ...program,
        ...['--port', String(port), '--control-port', String(controlPort)],
        ...['--state', file('issuer'), '--log', file('issuer.jsonl'), '--lifetime', String(LIFETIME_SECONDS)],
        ...['--random', '--seed', String(options.seed + start), '--share', SHARE_OF_FAULTS],
      ],
      {},
      file('issuer.log'),
    );
    const control = `http://127.0.0.1:${controlPort}`;
    const replicas = [];
    for (let number = 1; number <= options.replicas; number += 1) {
      const name = `replica ${number}`;
      const own = await freePort();
      const environment = {
        PORT: String(own),
        DATABASE_URL: database.url,
        BOOTSTRAP_TOKEN: BEARER,
        ISSUER_URL: `http://127.0.0.1:${port}`,
        ISSUER_ALLOW_INSECURE_HTTP: 'true',
        ISSUER_TIMEOUT_MS: '1000',
        AUTO_REFRESH_LICENSE: 'true',
        RATE_LIMIT_WRITES_PER_MINUTE: '1000000',
        RATE_LIMIT_ALL_WRITES_PER_MINUTE: '1000000',
      };
      const process = new Phoenix(
        name,
        () => [join(ROOT, 'dist/main.js')],
        environment,
        file(`${number}.log`),
      );
      replicas.push(Object.assign(process, { address: { name, url: `http://127.0.0.1:${own}` } }));
    }
    const mint = async (lid: string, jti: string, begin?: number) => {
      const now = Math.floor(Date.now() / 1000);
      const term = begin === undefined ? {} : { nbf: now + begin };
      const claims = { lid, jti, iat: now, exp: now + (begin ?? 0) + LIFETIME_SECONDS, ...term };
      const response = await fetch(`${control}/tokens`, { method: 'POST', body: JSON.stringify({ claims }) });
      return ((await response.json()) as { token: string }).token;
    };
    const addresses = replicas.map(({ address }) => address);
    const clients = new Clients(addresses, BEARER, mint, seededRandom(options.seed + 1_000_000));
    const stage = new Stage(options, database, directory, issuer, control, replicas, clients);
    await issuer.start();
    await Promise.all(replicas.map((replica) => replica.start()));
    await stage.#ready();
    stage.#before = await stage.#row();
    return stage;
  }

  /** The storm itself. @returns how often each process was killed */
  async rage(): Promise<Record<string, number>> {
    const { kills, say } = this.options;
    const counts: Record<string, number> = {};
    const rising: Promise<void>[] = [];
    this.clients.start();
    for (let number = 1; number <= kills; number += 1) {
      await sleep(this.#between(BETWEEN_KILLS_MS));
      await this.#crowd();
      const victims = [this.issuer, ...this.replicas].filter(({ isThere }) => isThere);
      const victim = victims[Math.floor(this.#chance() * victims.length)];
      if (victim === undefined) {
        number -= 1;
        continue;
      }
      const busy = this.replicas.find((replica) => replica === victim);
      if (busy !== undefined && this.#chance() < SHARE_OF_BUSY) {
        void this.clients.renew(busy.address);
        await sleep(this.#chance() * BUSY_MS);
      }
      await victim.kill();
      counts[victim.name] = (counts[victim.name] ?? 0) + 1;
      say(`kill ${number} of ${kills}: ${victim.name} (${this.clients.calls.length} calls so far)`);
      const away = this.#between(AWAY_MS);
      rising.push(sleep(away).then(() => victim.start()));
    }
    await Promise.all(rising);
    return counts;
  }

  /** Waits until most replicas listen: a storm over processes that are only starting shows little. */
  async #crowd(): Promise<void> {
    const deadline = performance.now() + MAX_WAIT_FOR_CROWD_MS;
    const up = () => this.replicas.filter(({ isListening }) => isListening).length;
    while (up() <= this.replicas.length / 2 && performance.now() < deadline) await sleep(50);
  }

  /** Has the issuer behave, and waits until everything is as usual. @returns what each replica says then */
  async calm(): Promise<LastWord[]> {
    this.options.say('the storm is over');
    await fetch(`${this.control}/fault`, { method: 'DELETE' });
    await this.clients.stop();
    await this.#ready();
    const [first] = this.replicas;
    if (first === undefined) return [];
    const deadline = performance.now() + CALM_WITHIN_MS;
    // There is a license from now on, after any of them.
    await this.clients.install(first.address, 'one');
    for (;;) {
      const words: LastWord[] = [];
      for (const { address } of this.replicas) {
        const { status = 0 } = await this.clients.renew(address);
        words.push({ replica: address.name, renewed: status, check: false, jti: null });
      }
      // A replica hears of the others' renewals within a second.
      await sleep(1_500);
      const said = await Promise.all(words.map(async (word, index) => this.#lastWord(word, index)));
      const { jti, queued } = await this.#row();
      const usual = !queued && said.every((word) => word.renewed === 200 && word.check && word.jti === jti);
      if (usual || performance.now() > deadline) return said;
    }
  }

  async #lastWord(word: LastWord, index: number): Promise<LastWord> {
    const { address } = this.replicas[index] as { address: Address };
    const [check, read] = [await this.clients.check(address), await this.clients.read(address)];
    return { ...word, check: check.valid === true, jti: read.jti ?? null };
  }

  /** Ends the replicas as an operator does, and reads what there is. */
  async history(lastWords: readonly LastWord[]): Promise<History> {
    const after = await this.#row();
    const deaths = [this.issuer, ...this.replicas].flatMap((process) => process.deaths);
    for (const replica of this.replicas) {
      const end = await replica.end();
      if (end !== '0') deaths.push(`${replica.name}, asked to end: ${end}`);
    }
    const audit = await this.#query<{
      at: Date;
      action: AuditRecord['action'];
      target: string;
      detail: Pick<AuditRecord, 'jti' | 'iat' | 'exp' | 'nbf' | 'attemptId'>;
      requestId: string;
    }>(
      `SELECT at, action, target, detail, request_id AS "requestId" FROM audit_event WHERE action LIKE 'license.%' ORDER BY id`,
    );
    const attempts = await this.#query<AttemptRow>(
      'SELECT id, generation::int, lid, jti, calls, finished_at IS NOT NULL AS over FROM renewal_attempt',
    );
    return {
      calls: this.clients.calls,
      audit: audit.map(({ at, target, detail, ...record }) => ({
        ...record,
        ...detail,
        at: at.getTime(),
        lid: target.replace(/^license:?/, ''),
      })),
      issuer: await this.#issuerEvents(),
      before: this.#before,
      after: lastWords.length > 0 ? await this.#row() : after,
      attempts,
      lastWords,
      deaths,
    };
  }

  async clear(): Promise<void> {
    await this.clients.stop();
    await Promise.all([this.issuer, ...this.replicas].map((process) => process.kill()));
  }

  async #issuerEvents(): Promise<IssuerEvent[]> {
    const lines = (await readFile(join(this.directory, 'issuer.jsonl'), 'utf8')).split('\n');
    return lines.flatMap((line) => {
      if (line === '') return [];
      const entry = JSON.parse(line) as IssuerEvent & { readonly path?: string };
      const isRenewal =
        entry.event === 'issued' || (entry.event === 'request' && entry.path === '/v1/licenses/renew');
      return isRenewal ? [entry] : [];
    });
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + CALM_WITHIN_MS;
    for (const { address } of this.replicas) {
      const isReady = async () =>
        (await fetch(`${address.url}/readyz`).catch(() => undefined))?.status === 200;
      while (!(await isReady())) {
        if (performance.now() > deadline) throw new Error(`${address.name} is not ready`);
        await sleep(100);
      }
    }
  }

  async #row(): Promise<LicenseRow> {
    const [row] = await this.#query<LicenseRow>(
      'SELECT generation::int, revision::int, jti, queued_token IS NOT NULL AS queued FROM license',
    );
    return row as LicenseRow;
  }

  async #query<Row extends object>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.database.url });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  #between([least, most]: readonly [number, number]): number {
    return least + this.#chance() * (most - least);
  }
}
