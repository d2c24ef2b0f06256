import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RequestActor } from '../access/actor.decorator.js';
import { actionsOf, findRole, type Role } from '../access/roles.js';
import { AuditStore } from '../audit/audit.store.js';
import { Database } from '../database/database.js';
import { type Action, ACTIONS } from '../domain/actions.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { rolesFacts } from './account-facts.js';
import { AccountsStore } from './accounts.store.js';
import { CustomRoleStore } from './custom-role.store.js';
import { Delegation } from './delegation.js';
import { LastAdministrator } from './last-administrator.js';

/** Which roles a service account has. A caller gives and takes only what it holds. */
@Injectable()
export class RoleAssignments {
  constructor(
    private readonly database: Database,
    private readonly store: AccountsStore,
    private readonly roles: CustomRoleStore,
    private readonly delegation: Delegation,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
    private readonly last: LastAdministrator,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The uids of an account's roles. @throws ServiceError `not-found` */
  async list(id: number): Promise<string[]> {
    return this.database.read(async (manager) => {
      await this.store.load(manager, id);
      return this.store.rolesOf(manager, id);
    });
  }

  /** What an account's roles give, in the order of {@link ACTIONS}. @throws ServiceError `not-found` */
  async permissions(id: number): Promise<Action[]> {
    return this.database.read(async (manager) => {
      await this.store.load(manager, id);
      const uids = await this.store.rolesOf(manager, id);
      const given = actionsOf(uids, await this.roles.definitions(manager));
      return ACTIONS.filter((action) => given.has(action));
    });
  }

  /** Gives a role; having it already is fine. @throws ServiceError `not-found`; AccessDeniedError */
  async add(actor: RequestActor, id: number, roleUid: string): Promise<void> {
    await this.snapshots.change(async (manager) => {
      await this.store.load(manager, id);
      const role = await this.#role(manager, roleUid);
      await this.delegation.assertHolds(manager, actor, [roleUid]);
      const roles = await this.store.rolesOf(manager, id);
      if (roles.includes(roleUid)) return { changed: false, value: undefined };
      await this.#add(manager, actor, id, role, roles);
      return { changed: { accounts: [id] }, value: undefined };
    }, actor);
  }

  /** @throws ServiceError `not-found`, `access.last-administrator`; AccessDeniedError */
  async remove(actor: RequestActor, id: number, roleUid: string): Promise<void> {
    await this.snapshots.change(async (manager) => {
      await this.store.load(manager, id);
      const role = await this.#role(manager, roleUid);
      await this.delegation.assertHolds(manager, actor, [roleUid]);
      const roles = await this.store.rolesOf(manager, id);
      if (!roles.includes(roleUid))
        throw new ServiceError('not-found', 'The service account does not have this role');
      await this.last.keep(manager, async () => this.#remove(manager, actor, id, role, roles));
      return { changed: { accounts: [id] }, value: undefined };
    }, actor);
  }

  /**
   * Has an account have these roles and no others.
   * @throws ServiceError `not-found`, `access.last-administrator`; AccessDeniedError for a role that comes or goes
   */
  async replace(actor: RequestActor, id: number, roleUids: readonly string[]): Promise<void> {
    await this.snapshots.change(async (manager) => {
      await this.store.load(manager, id);
      const before = await this.store.rolesOf(manager, id);
      const added = [...new Set(roleUids)].filter((uid) => !before.includes(uid));
      const removed = before.filter((uid) => !roleUids.includes(uid));
      const roles: Role[] = [];
      for (const uid of added) roles.push(await this.#role(manager, uid));
      await this.delegation.assertHolds(manager, actor, [...added, ...removed]);
      if (added.length + removed.length === 0) return { changed: false, value: undefined };
      await this.last.keep(manager, async () => {
        for (const role of roles) await this.#add(manager, actor, id, role, before);
        for (const uid of removed) {
          // A role of a later release has no name here.
          const role = await this.#find(manager, uid);
          await this.#remove(manager, actor, id, { uid, name: role?.name ?? uid }, before);
        }
      });
      return { changed: { accounts: [id] }, value: undefined };
    }, actor);
  }

  async #add(
    manager: EntityManager,
    actor: RequestActor,
    id: number,
    { uid: roleUid, name: role }: Role,
    before: readonly string[],
  ): Promise<void> {
    const createdAt = new Date(this.clock.now());
    await this.store.saveRole(manager, { serviceAccountId: id, roleUid, createdAt });
    const target = `service-account:${id}`;
    await this.audit.record(manager, actor, 'role.add', target, { role }, rolesFacts(before));
  }

  async #remove(
    manager: EntityManager,
    actor: RequestActor,
    id: number,
    { uid, name: role }: Pick<Role, 'uid' | 'name'>,
    before: readonly string[],
  ): Promise<void> {
    await this.store.removeRole(manager, id, uid);
    const target = `service-account:${id}`;
    await this.audit.record(manager, actor, 'role.remove', target, { role }, rolesFacts(before));
  }

  async #role(manager: EntityManager, uid: string): Promise<Role> {
    const role = await this.#find(manager, uid);
    if (role === undefined) throw new ServiceError('not-found', 'Role not found');
    return role;
  }

  async #find(manager: EntityManager, uid: string): Promise<Role | undefined> {
    return findRole(uid, await this.roles.definitions(manager));
  }
}
