import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Environment } from '../../../src/config/environment.js';
import { Database } from '../../../src/database/database.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { FakeIssuer, type FakeIssuerOptions } from '../../support/fake-issuer/fake-issuer.js';
import { type Reply, TestService } from '../../support/service.js';
import type { Overrides } from '../../support/tokens.js';

export const TOKEN = '/api/licensing/token';
export const RENEW = '/api/licensing/token/renew';
export const CHECK = '/api/licensing/check';

/** A row of the audit log. */
export interface AuditRow {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly request_id: string;
}

/** The service under test with its database and its issuer, and a look behind the service's back. */
export class Stage {
  private constructor(
    readonly database: TestDatabase,
    readonly issuer: FakeIssuer,
    private running: TestService,
    private readonly environment: Environment,
    private readonly directory: string,
  ) {}

  private restartedWith: Environment = {};

  /**
   * @param environment - of the service; `ISSUER_URL` is the fake issuer's unless it is given
   * @param options - of the fake issuer; with TLS the service is told of its authority
   */
  static async open(environment: Environment = {}, options: FakeIssuerOptions = {}): Promise<Stage> {
    const database = await testDatabase();
    const issuer = await FakeIssuer.start(options);
    const directory = await mkdtemp(join(tmpdir(), 'licentia-stage-'));
    const ca = join(directory, 'ca.pem');
    await writeFile(ca, issuer.ca);
    const trusted = options.tls === true ? { ISSUER_CA_PATH: ca } : {};
    const all = { ISSUER_URL: issuer.url, ...trusted, ...environment };
    return new Stage(database, issuer, await TestService.start(database, all), all, directory);
  }

  get service(): TestService {
    return this.running;
  }

  /** The present second of the service's clock. */
  get now(): number {
    return Math.floor(this.service.clock.now() / 1000);
  }

  /**
   * Ends the service and starts it again on the same database.
   * @param changes - to its environment
   * @param logger - where its log goes
   */
  async restart(changes: Environment = {}, logger?: Logger): Promise<void> {
    await this.service.stop();
    this.running = await TestService.start(this.database, { ...this.environment, ...changes }, logger);
    this.restartedWith = changes;
  }

  /** Makes way for the next test: no license, the usual environment, clock and answers of the issuer. */
  async clear(): Promise<void> {
    if (Object.keys(this.restartedWith).length > 0) await this.restart();
    this.service.clock.set(Date.now());
    this.issuer.answerRenewals();
    this.issuer.answerKeySet();
    // A pause that an issuer asked for outlives everything else.
    await this.change('UPDATE renewal_state SET not_before = NULL');
    const instance = this.environment.ROOT_URL ?? 'http://localhost:3000/';
    const reply = await this.service.delete(TOKEN, { instance });
    if (reply.status !== 202) throw new Error(`the removal answered ${reply.status}: ${reply.text}`);
  }

  /** Uploads a token of these claims, which must be accepted. @returns the token */
  async install(claims: Overrides = {}): Promise<string> {
    const token = this.issuer.token(claims);
    const reply = await this.upload(token);
    if (reply.status !== 200) throw new Error(`the upload answered ${reply.status}: ${reply.text}`);
    return token;
  }

  async upload(token: string): Promise<Reply> {
    return this.service.post(TOKEN, { token });
  }

  async renew(): Promise<Reply> {
    return this.service.post(RENEW, {});
  }

  /** Waits until so many more requests have reached the service. */
  async requests(count: number): Promise<void> {
    const server = this.service.running.application.nest.getHttpServer() as Server;
    await new Promise<void>((resolve) => {
      let seen = 0;
      const note = () => {
        seen += 1;
        if (seen === count) resolve(void server.off('request', note));
      };
      server.on('request', note);
    });
  }

  /** What the API shows of the license. */
  async shown(): Promise<Reply['body']> {
    return (await this.service.get(TOKEN)).body;
  }

  /** The check's answer together with the status: they say the same, or one of them is wrong. */
  async verdict(): Promise<[check: boolean, status: number]> {
    return [(await this.service.get(CHECK)).body, (await this.shown()).status];
  }

  async query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const database = this.service.running.application.nest.get(Database);
    return database.read((manager) => manager.query(sql, parameters));
  }

  /** Changes rows behind the service's back. */
  async change(sql: string): Promise<void> {
    const database = this.service.running.application.nest.get(Database);
    await database.transaction((manager) => manager.query(sql));
  }

  /** Makes the stored token one that does not verify, as an upload that every replica hears of. */
  async breakStored(): Promise<void> {
    await this.change(
      `UPDATE license SET token = token || 'A', revision = revision + 1 WHERE id = 1;
       UPDATE snapshot_version SET version = version + 1`,
    );
  }

  /** Keeps everybody from the license's row until the function that this returns is called: at most 3 s. */
  async lockLicense(): Promise<() => Promise<void>> {
    const database = this.service.running.application.nest.get(Database);
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let done: Promise<void> | undefined;
    await new Promise<void>((locked) => {
      done = database.transaction(async (manager) => {
        await manager.query('LOCK TABLE license IN ACCESS EXCLUSIVE MODE');
        locked();
        await released;
      });
    });
    return async () => {
      release();
      await done;
    };
  }

  /** Every byte of the license's row. */
  async row(): Promise<string> {
    const [row] = await this.query<{ row: string }>('SELECT license::text AS row FROM license');
    if (row === undefined) throw new Error('the row of the license is gone');
    return row.row;
  }

  /** The license's row, by column. */
  async license(): Promise<Readonly<Record<string, unknown>>> {
    const [row] = await this.query<Record<string, unknown>>('SELECT * FROM license');
    return row ?? {};
  }

  /** The records of changes of licenses, in their order. */
  async audit(): Promise<AuditRow[]> {
    return this.query(
      `SELECT actor, action, target, detail, request_id FROM audit_event WHERE action LIKE 'license.%' ORDER BY id`,
    );
  }

  async close(): Promise<void> {
    await this.service.stop();
    await this.issuer.stop();
    await this.database.drop();
    await rm(this.directory, { recursive: true });
  }
}

/** Status and `messageId` of an answer; the latter is undefined where it succeeded. */
export function outcome({ status, body }: Reply): [status: number, messageId: string | undefined] {
  return [status, body?.messageId as string | undefined];
}

/** How long something may take to become so, milliseconds: less than a test may last, so that no loop outlives its test. */
const MAX_WAIT_MS = 60_000;

/** Waits until something is so. @throws when it takes too long */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + MAX_WAIT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`it did not become so: ${isSo.toString()}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

/** One stage for all tests of a `describe`, which find it without a license and in its usual state. */
export function shareStage(use: (stage: Stage) => void, environment: Environment = {}): void {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open(environment);
    use(stage);
  });

  afterEach(async () => {
    await stage.clear();
  });

  afterAll(async () => {
    await stage.close();
  });
}
