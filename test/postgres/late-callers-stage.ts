import { jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../src/database/database.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { type Reply, TestService } from '../support/service.js';
import { TestPage } from '../e2e/ui/ui-stage.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const TOKEN = '/api/licensing/token';
/** Long enough for a request that takes what it waits for. Milliseconds. */
const TO_THE_GATE_MS = 200;
/** What callers write; audit records have their name. */
const WRITTEN = ['usage_subject', 'usage_session', 'usage_denial', 'renewal_attempt'];

export interface Subject {
  readonly id: number;
  readonly token: string;
  readonly tokenId: number;
}

/** A gate before the database. */
interface Gate {
  /** Once something waits there. */
  readonly arrived: Promise<void>;
  open(): void;
}

/** Two replicas: one whose requests are made to wait, and one where their caller is locked out meanwhile. */
export class LateCallers {
  #count = 0;

  private constructor(
    readonly database: TestDatabase,
    readonly issuer: FakeIssuer,
    readonly here: TestService,
    readonly there: TestService,
    private readonly files: string,
  ) {}

  static async open(): Promise<LateCallers> {
    const [database, issuer] = [await testDatabase('none'), await FakeIssuer.start()];
    const files = await mkdtemp(join(tmpdir(), 'late-callers-'));
    const environment = { ISSUER_URL: issuer.url, ACCESS_PROVISIONING_PATH: files };
    const here = await TestService.start(database, environment);
    const there = await TestService.start(database, { ISSUER_URL: issuer.url });
    return new LateCallers(database, issuer, here, there, files);
  }

  async close(): Promise<void> {
    await this.here.stop();
    await this.there.stop();
    await this.issuer.stop();
    await this.database.drop();
    await rm(this.files, { recursive: true });
  }

  async subject(): Promise<Subject> {
    return this.here.caller(ADMINISTRATOR);
  }

  next(text: string): string {
    this.#count += 1;
    return `${text} ${this.#count}`;
  }

  /** Installs a license of its own, which lets seats be freed. */
  async license(): Promise<void> {
    const jti = this.next('license');
    const token = this.issuer.token({ jti, lid: jti, seat_policy: { leave: 'free' } });
    await this.here.delete(TOKEN, { instance: 'http://localhost:3000/' });
    expect((await this.here.post(TOKEN, { token })).status).toBe(200);
  }

  /** @returns the id of a session of the page */
  async pageSession(): Promise<number> {
    await new TestPage(this.here).signIn({ token: (await this.subject()).token });
    return (await this.here.get('/ui/sessions')).body.at(-1).id as number;
  }

  async provision(): Promise<void> {
    const text = `apiVersion: 2\nserviceAccounts:\n  - name: ${this.next('provisioned')}\n`;
    await writeFile(join(this.files, 'access.yaml'), text);
  }

  /** Has all transactions of the one replica wait, as for a connection. @param what - reads too, so no poll comes through */
  gate(...what: ('transaction' | 'transactionTrying' | 'read')[]): Gate {
    const database = this.here.running.application.nest.get(Database);
    let open = (): void => undefined;
    let arrive = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    for (const name of what) {
      const original = (database[name] as (...all: unknown[]) => Promise<unknown>).bind(database);
      jest.spyOn(database, name).mockImplementation(async (...all: unknown[]) => {
        if (name !== 'read') arrive();
        await opened;
        return original(...all);
      });
    }
    return {
      arrived: arrived.then(async () => sleep(TO_THE_GATE_MS)),
      open: () => {
        jest.restoreAllMocks();
        open();
      },
    };
  }

  async lockOut({ id, tokenId }: Subject): Promise<void> {
    const path = `/api/serviceaccounts/${id}/tokens/${tokenId}`;
    expect((await this.there.call('PATCH', path, { body: { isRevoked: true } })).status).toBe(200);
  }

  /** As a poll does. */
  async hear(): Promise<void> {
    await this.here.running.application.nest.get(SnapshotService).refresh();
  }

  /** How much there is of what callers write, and of records that name a subject. */
  async written({ id }: Subject): Promise<unknown> {
    const counts = [...WRITTEN.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`)].join();
    return this.there.running.application.nest
      .get(Database)
      .read((manager) =>
        manager.query(`SELECT ${counts}, (SELECT count(*) FROM audit_event WHERE actor = $1) AS records`, [
          `service-account:${id}`,
        ]),
      );
  }

  /** Sends a request of a subject to a replica that makes it wait until its caller is locked out on the other. */
  async late(subject: Subject, method: string, path: string, body?: unknown): Promise<Reply> {
    const gate = this.gate('transaction', 'transactionTrying');
    const reply = this.here.call(method, path, { token: subject.token, body });
    await gate.arrived;
    await this.lockOut(subject);
    await this.hear();
    gate.open();
    return reply;
  }
}
