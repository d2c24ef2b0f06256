import { DataSource } from 'typeorm';
import { AccessGuard } from '../../src/access/access.guard.js';
import { Authenticator } from '../../src/access/authenticator.js';
import { LastUses } from '../../src/access/last-uses.js';
import { SessionAuthenticator } from '../../src/access/session-authenticator.js';
import { SessionUses } from '../../src/access/session-uses.js';
import { Metrics } from '../../src/metrics/metrics.js';
import type { KnownToken } from '../../src/domain/caller.js';
import { hashToken } from '../../src/access/service-account-token.js';
import { loadServiceConfig, type ServiceConfig } from '../../src/config/service-config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { TokenTable } from '../../src/snapshot/token-table.js';
import { SnapshotVersionStore } from '../../src/snapshot/snapshot-version.store.js';
import { embeddedDatabase } from '../support/database.js';
import { FakeClock } from '../support/fake-clock.js';

/** What the guard looks at, over a database of its own: its snapshot with the tokens that a test names. */
export class AccessStage {
  /** By {@link hashToken}; what is put here counts from {@link publish} on. */
  readonly tokens = new Map<string, KnownToken>();

  private constructor(
    readonly clock: FakeClock,
    readonly store: Database,
    readonly snapshots: SnapshotService,
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(): Promise<AccessStage> {
    const database = await embeddedDatabase();
    const store = new Database(new DataSource(dataSourceOptions(database.location, SERVICE_SCHEMA)), 'run');
    await store.start();
    const clock = new FakeClock();
    const snapshots = new SnapshotService(store, new SnapshotVersionStore(), loadServiceConfig({}), clock);
    const stage = new AccessStage(clock, store, snapshots, () => database.drop());
    snapshots.register('tokens', async () => stage.#table());
    snapshots.register('license', async () => ({
      generation: 0,
      revision: 0,
      stamp: '00000000-0000-4000-8000-000000000000',
      content: { kind: 'none' },
      queued: { kind: 'none' },
      revocations: { find: () => undefined },
      marks: { find: () => undefined },
    }));
    await snapshots.refresh();
    return stage;
  }

  /** Writes a token down, as another replica would: this one learns of it when it asks the database. */
  async publish(token: string, known: KnownToken): Promise<void> {
    this.tokens.set(hashToken(token), known);
    await this.store.transaction((manager) =>
      manager.query('UPDATE snapshot_version SET version = version + 1'),
    );
  }

  /** Restores a database whose tokens are none: its version is the same as before, which happens. */
  async restore(): Promise<void> {
    this.tokens.clear();
    await this.store.transaction((manager) =>
      manager.query('UPDATE snapshot_version SET stamp = gen_random_uuid()'),
    );
    await this.snapshots.refresh();
  }

  #table(): TokenTable<KnownToken> {
    const table = new TokenTable<KnownToken>();
    table.replace(0, new Map(this.tokens));
    return table;
  }

  async close(): Promise<void> {
    await this.store.onApplicationShutdown();
    await this.drop();
  }
}

/** The guard of callers over a stage. */
export function guardOver({ snapshots, clock }: AccessStage, config: ServiceConfig): AccessGuard {
  const authenticator = new Authenticator(config, snapshots, new LastUses(clock), clock, new Metrics());
  const uses = new SessionUses(clock);
  return new AccessGuard(
    authenticator,
    new SessionAuthenticator(config, clock, snapshots, authenticator, uses),
  );
}

/** A token that is good. @param id - of the token and of its service account */
export function tokenOf(id: number, actions: string[], rest: Partial<KnownToken> = {}): KnownToken {
  const caller = {
    id: `service-account:${id}`,
    name: `account ${id}`,
    actions: new Set(actions),
  } as unknown as KnownToken['caller'];
  return { tokenId: id, caller, expiresAt: undefined, revoked: false, disabled: false, ...rest };
}
