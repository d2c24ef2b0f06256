import { HttpService } from '@nestjs/axios';
import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { DataSource } from 'typeorm';
import {
  loadServiceConfig,
  SERVICE_CONFIG,
  type ServiceConfig,
} from '../../../../src/config/service-config.js';
import { dataSourceOptions } from '../../../../src/database/data-source-options.js';
import { Database } from '../../../../src/database/database.js';
import { SERVICE_SCHEMA } from '../../../../src/schema/service-schema.js';
import { CLOCK } from '../../../../src/domain/clock.js';
import { IssuerKeys } from '../../../../src/issuer/issuer-keys.js';
import { LicenseInstaller } from '../../../../src/licensing/install/license-installer.js';
import { LicensingService } from '../../../../src/licensing/licensing.service.js';
import { LicenseRenewal } from '../../../../src/licensing/renewal/license-renewal.js';
import { SnapshotService } from '../../../../src/snapshot/snapshot.service.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { FakeIssuer, type ReceivedRequest } from '../../../support/fake-issuer/fake-issuer.js';
import { atServersStep, type Ending, KILLED, type Step, type World, type WorldEvent } from './explorer.js';
import { Replica, SteppedDatabase } from './replica.js';
import { endFaults, recoveryFaults, type Shared, stepFaults } from './renewal-rules.js';

/** Tables whose rows a run begins with again. */
const OURS = /^(license|renewal|audit|snapshot)/;

const STATE = `SELECT json_build_object(
  'license', (SELECT json_build_object('generation', generation, 'revision', revision, 'lid', lid, 'jti', jti, 'iat', iat,
      'queued', queued_token) FROM license),
  'revocations', (SELECT count(*) FROM license_revocation),
  'attempts', (SELECT coalesce(json_agg(json_build_object('id', id, 'jti', jti, 'over', finished_at IS NOT NULL,
      'outcome', outcome, 'holder', holder, 'leased', coalesce(leased_until > clock_timestamp(), false), 'calls', calls,
      'answered', answered) ORDER BY started_at, id), '[]') FROM renewal_attempt),
  'plan', (SELECT json_build_object('jti', jti, 'failures', failures, 'outcome', last_outcome) FROM renewal_state),
  'audit', (SELECT coalesce(json_agg(concat_ws(' ', action, detail->>'reason', CASE WHEN action = 'license.dequeue'
      THEN detail->>'jti' END) ORDER BY id), '[]') FROM audit_event))::text AS state`;

/** The replicas' clock is so far behind the database's before the next term begins, and so far ahead of it then; seconds. */
const AROUND_TERM = 60;

/** What an actor does, on a replica of its own. */
export type Operation = (replica: Replica, world: RenewalWorld) => Promise<unknown>;

/** A database, an issuer and the real code over them: what can happen between replicas is explored here. */
export class RenewalWorld implements World {
  events: WorldEvent[] = [];
  #operations: Readonly<Record<string, Operation>> = {};
  /** What is wrong with what this run did so far is found by what was seen of it. */
  #seen: Shared[] = [];
  #licenseRead = new Map<string, Shared['license']>();
  #lastStep = new Map<string, string>();
  #names = new Map<string, string>();
  #holders = new Map<string, string>();
  #issuer = {
    issued: new Map<string, string>(),
    asked: [] as string[],
    waiting: new Set<ServerResponse>(),
    revoked: false,
  };
  #leasesRunOut = 0;
  #clock = new FakeClock();
  #hasBegun = false;
  #restore = '';

  private constructor(
    readonly issuer: FakeIssuer,
    /** Unix seconds of the first license. */
    readonly start: number,
    /** Unix seconds: when the term of the queued license begins. */
    private readonly nextTerm: number,
    private readonly dataSource: DataSource,
    private readonly database: SteppedDatabase,
    private readonly keys: IssuerKeys,
    private readonly config: ServiceConfig,
  ) {}

  /** @param queued - the `lid` of a license of the next term that waits */
  static async create({ queued }: { readonly queued?: string } = {}): Promise<RenewalWorld> {
    Logger.overrideLogger(false);
    // In memory: nobody pulls a plug here, and a write to the disk would be most of the time.
    const dataSource = new DataSource(dataSourceOptions({ kind: 'memory' }, SERVICE_SCHEMA));
    const database = new SteppedDatabase(dataSource, 'run');
    await database.start();
    const issuer = await FakeIssuer.start();
    const config = loadServiceConfig({
      ISSUER_URL: issuer.url,
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
    });
    const now = Math.floor(Date.now() / 1000);
    // By the database's clock the next term has begun: it begins when the replicas' clock says so, too.
    const nextTerm = now - AROUND_TERM;
    const first = new Replica(shared(config, database, clockAt(nextTerm - AROUND_TERM)));
    const keys = first.get(IssuerKeys);
    await keys.start();
    const world = new RenewalWorld(issuer, now - 1_000, nextTerm, dataSource, database, keys, config);
    const installer = first.get(LicenseInstaller);
    await first.get(SnapshotService).refresh();
    for (const [jti, age] of [['before', -10] as const, ['first', 0] as const]) {
      await installer.install(by('setup'), world.token(jti, age), { queue: false, acknowledge: false });
    }
    if (queued !== undefined) {
      await installer.install(by('setup'), world.nextTermsToken(queued), { queue: true, acknowledge: false });
    }
    await world.#save();
    return world;
  }

  /** Says what is explored next. */
  play(operations: Readonly<Record<string, Operation>>, events: readonly WorldEvent[] = []): this {
    this.#operations = operations;
    this.events = [this.#leaseRunsOut, ...events];
    return this;
  }

  /** @param age - seconds that it is newer than the first one */
  token(jti: string, age: number, lid = 'one'): string {
    return this.issuer.token({ jti, lid, iat: this.start + age });
  }

  /** The token that waits: older than the first renewal's, as it would be. */
  nextTermsToken(lid: string, jti = 'next'): string {
    return this.issuer.token({ jti, lid, iat: this.start + 5, nbf: this.nextTerm });
  }

  readonly #leaseRunsOut: WorldEvent = {
    name: 'the lease runs out',
    inevitable: true,
    canHappen: (state) => (JSON.parse(state) as Shared).attempts.some(({ leased }) => leased),
    happen: async () => {
      this.#leasesRunOut += 1;
      await this.dataSource.query(
        `UPDATE renewal_attempt SET leased_until = clock_timestamp() - interval '1 s' WHERE leased_until IS NOT NULL`,
      );
    },
  };

  /** From then on the issuer answers everything with a statement that the license is revoked. */
  readonly issuerRevokes: WorldEvent = {
    name: 'the issuer revokes the license',
    inevitable: false,
    canHappen: () => true,
    happen: async () => void (this.#issuer.revoked = true),
  };

  readonly nextTermBegins: WorldEvent = {
    name: 'the next term begins',
    inevitable: false,
    canHappen: () => true,
    happen: async () => {
      this.#clock.advance(2 * AROUND_TERM * 1_000);
      this.#hasBegun = true;
    },
  };

  async begin(): Promise<Record<string, () => Promise<unknown>>> {
    for (const response of this.#issuer.waiting) response.destroy();
    this.#issuer = { issued: new Map(), asked: [], waiting: new Set(), revoked: false };
    this.issuer.answerRenewals((request, response) => void this.#answer(request, response));
    this.issuer.requests.length = 0;
    this.#leasesRunOut = 0;
    this.#clock = clockAt(this.nextTerm - AROUND_TERM);
    this.#hasBegun = false;
    for (const map of [this.#licenseRead, this.#lastStep, this.#names, this.#holders]) map.clear();
    await this.dataSource.query(this.#restore);
    this.#seen = [await this.#read()];
    const actors = Object.entries(this.#operations).map(async ([name, operation]) => {
      const replica = await this.#replica();
      return [name, () => operation(replica, this)] as const;
    });
    return Object.fromEntries(await Promise.all(actors));
  }

  async state(): Promise<string> {
    return JSON.stringify(await this.#read());
  }

  seenBy(step: string, state: string): string {
    const { license, revocations, issuer, hasBegun, ...database } = JSON.parse(state) as Shared;
    switch (step) {
      case 'ask':
        return JSON.stringify(issuer);
      // What is answered was decided when the issuer was asked.
      case 'answer':
        return JSON.stringify(hasBegun);
      case 'read':
        return JSON.stringify([license, revocations, hasBegun]);
      case 'look':
        return JSON.stringify([database.attempts, hasBegun]);
      default:
        return JSON.stringify([license, revocations, database, hasBegun]);
    }
  }

  stepped({ choice, before, after, ending, choices }: Step): void {
    const [was, is] = [JSON.parse(before) as Shared, JSON.parse(after) as Shared];
    this.#seen.push(is);
    for (const { holder } of is.attempts) {
      if (holder !== null && !this.#holders.has(holder)) this.#holders.set(holder, choice.who);
    }
    // A renewal reads the license and then whether there is a pause; what it goes by is the former.
    if (choice.step === 'read' && this.#lastStep.get(choice.who) !== 'read') {
      this.#licenseRead.set(choice.who, was.license);
    }
    this.#lastStep.set(choice.who, choice.step);
    const read = this.#licenseRead.get(choice.who);
    const [holders, leasesRunOut] = [this.#holders, this.#leasesRunOut];
    fail(stepFaults({ choice, was, is, holders, leasesRunOut, read }));
    if (ending !== undefined) {
      const alone = Object.keys(this.#operations).every((name) => name.startsWith('renewal'));
      const untroubled = alone && choices.every(({ who, how }) => who in this.#operations && how === 'done');
      fail(endFaults(choice.who, ending, this.#seen, untroubled));
    }
  }

  async ended(): Promise<void> {
    // The next one who asks always comes to an end.
    await this.#leaseRunsOut.happen();
    const before = await this.#read();
    const renewal = (await this.#replica()).get(LicenseRenewal);
    const next = await renewal.renew(by('next')).then(
      (value): Ending => ({ kind: 'resolved', value }),
      (error: unknown): Ending => ({ kind: 'rejected', error }),
    );
    fail(recoveryFaults(next, before, await this.#read()));
  }

  async close(): Promise<void> {
    for (const response of this.#issuer.waiting) response.destroy();
    this.keys.beforeApplicationShutdown();
    await this.issuer.stop();
    await this.database.onApplicationShutdown();
  }

  async #replica(): Promise<Replica> {
    const given = shared(this.config, this.database, this.#clock);
    const replica = new Replica([...given, [IssuerKeys, this.keys]]);
    for (const part of [LicensingService, LicenseInstaller, LicenseRenewal]) replica.get<object>(part);
    await replica.get(SnapshotService).refresh();
    return replica;
  }

  /** Keeps the rows as they are, to begin each run with. */
  async #save(): Promise<void> {
    const rows = await this.dataSource.query<{ name: string }[]>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const names = rows.map(({ name }) => name).filter((name) => OURS.test(name));
    for (const name of names)
      await this.dataSource.query(`CREATE TABLE kept_${name} AS SELECT * FROM ${name}`);
    const restored = names.map(
      (name) =>
        `DELETE FROM ${name}; INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM kept_${name};`,
    );
    this.#restore = `BEGIN; SET LOCAL session_replication_role = replica; ${restored.join(' ')} COMMIT`;
  }

  async #read(): Promise<Shared> {
    const [row] = await this.dataSource.query<{ state: string }[]>(STATE);
    const { issued, asked, waiting: unanswered, revoked } = this.#issuer;
    const given = [...issued].map(([key, token]) => [key, claimsOf(token).jti] as const);
    const issuer = { issued: Object.fromEntries(given), asked, waiting: unanswered.size, revoked };
    const { license, ...others } = JSON.parse(row?.state ?? '') as {
      readonly license: { readonly queued: string | null };
    };
    const waiting = license.queued === null ? null : claimsOf(license.queued);
    const queued = waiting && { lid: waiting.lid, jti: waiting.jti, iat: waiting.iat };
    const hasBegun = this.#hasBegun;
    const text = JSON.stringify({ ...others, license: { ...license, queued }, issuer, hasBegun });
    return JSON.parse(text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => this.#nameOf(id))) as Shared;
  }

  #nameOf(id: string): string {
    const name = this.#names.get(id) ?? `id ${this.#names.size + 1}`;
    this.#names.set(id, name);
    return name;
  }

  /** What the issuer says is decided when it is asked, and arrives when it arrives. */
  async #answer(request: ReceivedRequest, response: ServerResponse): Promise<void> {
    const issuer = this.#issuer;
    const key = String(request.headers['idempotency-key']);
    issuer.asked.push(key);
    issuer.waiting.add(response);
    const decided = this.#decide(key, String(request.headers.authorization));
    const how = await atServersStep('answer', ['lost', KILLED]);
    issuer.waiting.delete(response);
    if (how === 'lost') return void response.destroy();
    const [status, body] = decided;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  }

  /** The token of an attempt stays the same; of another one it is newer than the shown and the last. */
  #decide(key: string, shown: string): [status: number, body: object] {
    const { issued, revoked } = this.#issuer;
    if (revoked) {
      const statement = this.issuer.statement({ lid: 'one', iat: this.start + 900 });
      return [410, { code: 'license_revoked', statement }];
    }
    const known = [shown, ...issued.values()].map((token) => Number(claimsOf(token).iat) - this.start);
    const age = Math.max(...known) + 10;
    const lid = String(claimsOf(shown).lid);
    const renewed = () => this.issuer.token({ jti: `renewed ${age}`, lid, iat: this.start + age });
    const token = issued.get(key) ?? renewed();
    issued.set(key, token);
    return [200, { token }];
  }
}

/** Who does something. */
export function by(name: string): { readonly id: string; readonly requestId: string } {
  return { id: name, requestId: name };
}

/** @param seconds - Unix seconds */
function clockAt(seconds: number): FakeClock {
  return new FakeClock(seconds * 1_000);
}

function shared(config: ServiceConfig, database: Database, clock: FakeClock): [unknown, unknown][] {
  return [
    [SERVICE_CONFIG, config],
    [CLOCK, clock],
    [Database, database],
    [HttpService, new HttpService()],
  ];
}

function claimsOf(token: string): Record<string, unknown> {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return JSON.parse(payload) as Record<string, unknown>;
}

function fail(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join('; '));
}
