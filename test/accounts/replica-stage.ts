import { DataSource, type EntityManager } from 'typeorm';
import type { RequestActor } from '../../src/access/actor.decorator.js';
import { actionsOf, ADMINISTRATOR_ROLE } from '../../src/access/roles.js';
import { AccountsService } from '../../src/accounts/accounts.service.js';
import { AccountsStore } from '../../src/accounts/accounts.store.js';
import { CustomRoleStore } from '../../src/accounts/custom-role.store.js';
import { CustomRoles } from '../../src/accounts/custom-roles.service.js';
import { Delegation } from '../../src/accounts/delegation.js';
import { KnownTokenStore } from '../../src/accounts/known-token.store.js';
import { LastAdministrator } from '../../src/accounts/last-administrator.js';
import { NamedAccountStore } from '../../src/accounts/named-account.store.js';
import { ProvisionedRoleWriter } from '../../src/accounts/provisioning/provisioned-role-writer.js';
import { Provisioner } from '../../src/accounts/provisioning/provisioner.js';
import { ProvisioningComparison } from '../../src/accounts/provisioning/provisioning-comparison.js';
import { ProvisioningWriter } from '../../src/accounts/provisioning/provisioning-writer.js';
import { RoleAssignments } from '../../src/accounts/role-assignments.service.js';
import { AuditStore } from '../../src/audit/audit.store.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import type { SnapshotLoader } from '../../src/snapshot/snapshot-reader.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { SnapshotVersionStore } from '../../src/snapshot/snapshot-version.store.js';
import { testDatabase } from '../support/database.js';
import { FakeClock } from '../support/fake-clock.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';

export const ACTOR: RequestActor = {
  id: 'bootstrap',
  requestId: '',
  actions: actionsOf([ADMINISTRATOR_ROLE.uid]),
  unlimited: true,
};

/** Several replicas' accounts and snapshots over one database, without HTTP. They read when a test says so. */
export class ReplicaStage {
  readonly clock = new FakeClock();

  private constructor(
    readonly database: Database,
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(): Promise<ReplicaStage> {
    const database = await testDatabase();
    const options = dataSourceOptions(database.location, SERVICE_SCHEMA);
    const store = new Database(new DataSource(options), 'run');
    await store.start();
    return new ReplicaStage(store, async () => {
      await store.onApplicationShutdown();
      await database.drop();
    });
  }

  /** @param files - what its `ACCESS_PROVISIONING_PATH` names */
  replica(files?: string): Replica {
    return new Replica(this.database, this.clock, files);
  }

  async query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.database.transaction(async (manager) => manager.query<Row[]>(sql, values));
  }

  async close(): Promise<void> {
    await this.drop();
  }
}

export class Replica {
  readonly snapshots: SnapshotService;
  readonly accounts: AccountsService;
  readonly assignments: RoleAssignments;
  readonly roles: CustomRoles;
  readonly provisioner: Provisioner;
  /** How often tokens were read whole, and how often those of some accounts. */
  readonly readings = { whole: 0, some: 0 };
  /** Whether readings fail, after the tokens were read. */
  fails = false;

  constructor(database: Database, clock: FakeClock, files?: string) {
    const environment = { DATABASE_URL: 'pglite://memory', BOOTSTRAP_TOKEN };
    const config = loadServiceConfig({ ...environment, ACCESS_PROVISIONING_PATH: files });
    this.snapshots = new SnapshotService(database, new SnapshotVersionStore(), config, clock);
    const store = new AccountsStore(database);
    const roles = new CustomRoleStore();
    const last = new LastAdministrator(roles, config, clock);
    const delegation = new Delegation(roles);
    const audit = new AuditStore(clock);
    const { snapshots } = this;
    this.accounts = new AccountsService(database, store, delegation, snapshots, audit, last, config, clock);
    this.assignments = new RoleAssignments(
      ...([database, store, roles, delegation, snapshots, audit, last, clock] as const),
    );
    this.roles = new CustomRoles(database, roles, store, snapshots, audit, last, config, clock);
    const named = new NamedAccountStore();
    const roleWriter = new ProvisionedRoleWriter(store, named, roles, this.roles, audit, clock);
    const writer = new ProvisioningWriter(store, roles, roleWriter, audit, config, clock);
    const comparison = new ProvisioningComparison(roles, named);
    this.provisioner = new Provisioner(writer, comparison, snapshots, last, database, clock, config);
    const tokens = new KnownTokenStore(snapshots, roles);
    const load: SnapshotLoader<'tokens'> = async (manager: EntityManager, previous, accounts) => {
      this.readings[accounts === undefined ? 'whole' : 'some'] += 1;
      const read = await tokens.load(manager, previous, accounts);
      if (this.fails) throw new Error('the reading fails');
      return read;
    };
    this.snapshots.register('tokens', load);
    this.snapshots.register('license', async () => ({
      generation: 0,
      revision: 0,
      stamp: '00000000-0000-4000-8000-000000000000',
      content: { kind: 'none' },
      queued: { kind: 'none' },
      revocations: { find: () => undefined },
      marks: { find: () => undefined },
    }));
  }

  /** What it knows of these tokens. */
  known(hashes: Iterable<string>) {
    return [...hashes].map((hash) => this.snapshots.known.tokens.find(hash));
  }
}
