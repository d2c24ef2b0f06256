import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RequestActor } from '../access/actor.decorator.js';
import { findFixedRole, type FixedRole, isReservedUid, ROLES } from '../access/roles.js';
import { AuditStore, type Facts } from '../audit/audit.store.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import type { Action } from '../domain/actions.js';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { badRequest } from '../http/bad-request.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { AccountsStore } from './accounts.store.js';
import type { CustomRoleEntity } from './custom-role.entity.js';
import { CustomRoleStore } from './custom-role.store.js';
import { assertHoldsActions } from './delegation.js';
import { LastAdministrator } from './last-administrator.js';

/** What can be said of a custom role. */
export interface RoleContent {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly group: string;
  readonly actions: readonly Action[];
}

/** A role that can be given: a custom one, or one of this release. */
export type GivenRole = CustomRoleEntity | FixedRole;

/** Manages custom roles. Who makes, changes or deletes one must hold what it gives, before and after. */
@Injectable()
export class CustomRoles {
  constructor(
    private readonly database: Database,
    private readonly store: CustomRoleStore,
    private readonly accounts: AccountsStore,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
    private readonly last: LastAdministrator,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those of this release, then custom ones by name. */
  async list(): Promise<GivenRole[]> {
    return [...ROLES, ...(await this.database.read((manager) => this.store.list(manager)))];
  }

  /** @throws ServiceError `not-found` */
  async find(uid: string): Promise<GivenRole> {
    return findFixedRole(uid) ?? (await this.database.read((manager) => this.#load(manager, uid)));
  }

  /**
   * @param uid - a random one unless given
   * @throws ServiceError `role.uid-taken`, `role.name-taken`, `role.limit-reached`, `bad-request`; AccessDeniedError
   */
  async create(actor: RequestActor, content: RoleContent, uid = newUid()): Promise<CustomRoleEntity> {
    assertHoldsActions(actor, content.actions);
    if (isReservedUid(uid))
      throw badRequest('uid must not begin with fixed_ or basic_: such roles come with the service');
    return this.snapshots.change(async (manager) => {
      assertHoldsActions(actor, content.actions);
      if ((await this.store.find(manager, uid)) !== undefined) throw new ServiceError('role.uid-taken');
      await this.assertNameFree(manager, content.name, uid);
      const { maxRoles } = this.config.access;
      if ((await this.store.count(manager)) >= maxRoles)
        throw new ServiceError('role.limit-reached', undefined, {
          detail: `delete roles that nobody needs any more, or raise MAX_CUSTOM_ROLES (now ${maxRoles})`,
        });
      const now = new Date(this.clock.now());
      const role = {
        ...content,
        actions: [...content.actions],
        uid,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      const created = await this.store.save(manager, role);
      await this.audit.record(manager, actor, 'role.create', `role:${uid}`, roleFacts(created));
      return { changed: { roles: true }, value: created };
    }, actor);
  }

  /**
   * Replaces what a role says. One that says so already stays as it is, with its version.
   * @param version - the version that the caller knows
   * @throws ServiceError `not-found`, `role.version-conflict`, `role.name-taken`, `access.last-administrator`,
   *   `bad-request` for a fixed role; AccessDeniedError
   */
  async update(
    actor: RequestActor,
    uid: string,
    version: number,
    content: RoleContent,
  ): Promise<CustomRoleEntity> {
    assertCustom(uid);
    return this.snapshots.change(async (manager) => {
      const before = await this.#load(manager, uid);
      assertHoldsActions(actor, new Set([...before.actions, ...content.actions]));
      if (version !== before.version)
        throw new ServiceError('role.version-conflict', undefined, {
          detail: `version must be ${before.version}: read the role again, and change that`,
        });
      await this.assertNameFree(manager, content.name, uid);
      if (saysTheSame(before, content)) return { changed: false, value: before };
      const updated = await this.write(manager, actor, before, content);
      return { changed: { roles: true }, value: updated };
    }, actor);
  }

  /**
   * @param isForced - takes it from the accounts that have it
   * @throws ServiceError `not-found`, `role.in-use`, `access.last-administrator`, `bad-request` for a fixed role;
   *   AccessDeniedError
   */
  async remove(actor: RequestActor, uid: string, isForced: boolean): Promise<void> {
    assertCustom(uid);
    await this.snapshots.change(async (manager) => {
      const role = await this.#load(manager, uid);
      assertHoldsActions(actor, role.actions);
      const holders = await this.accounts.accountsWith(manager, uid);
      if (holders.length > 0 && !isForced)
        throw new ServiceError('role.in-use', undefined, {
          detail: `${holders.length} service accounts have it: take it from them, or send force=true`,
        });
      await this.last.keep(manager, async () => this.delete(manager, actor, role, holders));
      return { changed: { roles: true, accounts: holders }, value: undefined };
    }, actor);
  }

  /** Writes a change with its record, in a transaction of {@link SnapshotService.change}. */
  async write(
    manager: EntityManager,
    actor: Actor,
    before: CustomRoleEntity,
    content: RoleContent,
  ): Promise<CustomRoleEntity> {
    const role = {
      ...before,
      ...content,
      actions: [...content.actions],
      version: before.version + 1,
      updatedAt: new Date(this.clock.now()),
    };
    const updated = await this.last.keep(manager, async () => this.store.save(manager, role));
    const target = `role:${before.uid}`;
    await this.audit.record(manager, actor, 'role.update', target, roleFacts(updated), roleFacts(before));
    return updated;
  }

  /** @throws ServiceError `role.name-taken` */
  async assertNameFree(manager: EntityManager, name: string, uid: string): Promise<void> {
    const isFixed = ROLES.some((role) => [role.name, role.uid].includes(name.normalize('NFKC')));
    if (isFixed || (await this.store.hasNameOf(manager, name, uid)))
      throw new ServiceError('role.name-taken');
  }

  async delete(
    manager: EntityManager,
    actor: Actor,
    role: CustomRoleEntity,
    holders: readonly number[],
  ): Promise<void> {
    for (const id of holders) await this.accounts.removeRole(manager, id, role.uid);
    await this.store.remove(manager, role.uid);
    const facts = { ...roleFacts(role), serviceAccounts: holders };
    await this.audit.record(manager, actor, 'role.delete', `role:${role.uid}`, {}, facts);
  }

  async #load(manager: EntityManager, uid: string): Promise<CustomRoleEntity> {
    const role = await this.store.find(manager, uid);
    if (role === undefined) throw new ServiceError('not-found', 'Role not found');
    return role;
  }
}

/** @throws ServiceError `bad-request` */
function assertCustom(uid: string): void {
  if (findFixedRole(uid) !== undefined)
    throw badRequest('the role in the path comes with the service: it cannot be changed or deleted');
}

/** What an audit record says of a role. */
export function roleFacts({
  name,
  displayName,
  description,
  group,
  actions,
  version,
}: CustomRoleEntity): Facts {
  return { name, displayName, description, group, actions, version };
}

export function saysTheSame(role: CustomRoleEntity, content: RoleContent): boolean {
  const { name, displayName, description, group, actions } = content;
  const same = (a: readonly string[], b: readonly string[]) =>
    JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
  return (
    role.name === name &&
    role.displayName === displayName &&
    role.description === description &&
    role.group === group &&
    same(role.actions, actions)
  );
}

/** Of 120 random bits: base64url has only letters that a uid may have. */
export function newUid(): string {
  return randomBytes(15).toString('base64url');
}
