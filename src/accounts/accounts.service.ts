import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RequestActor } from '../access/actor.decorator.js';
import { actionsOf, ADMINISTRATOR_ROLE, findRole, type Role } from '../access/roles.js';
import { createServiceAccountToken, hashToken } from '../access/service-account-token.js';
import { ceilingOf } from '../access/token-ceiling.js';
import { type AuditAction, AuditStore, type Facts } from '../audit/audit.store.js';
import { AccessDeniedError } from '../domain/access-denied-error.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { accountFacts, rolesFacts, tokenFacts } from './account-facts.js';
import { AccountsStore } from './accounts.store.js';
import { LastAdministrator } from './last-administrator.js';
import type { ServiceAccountTokenEntity } from './service-account-token.entity.js';
import type { BasicRole, ServiceAccountEntity } from './service-account.entity.js';

/** A new token; `key` is shown this once and stored nowhere. */
export interface CreatedToken {
  readonly id: number;
  readonly name: string;
  readonly key: string;
}

/**
 * Manages accounts, their roles and tokens. A caller cannot give, change or take away an action that it does not
 * hold. This applies to roles, and to tokens and accounts, which carry roles.
 */
@Injectable()
export class AccountsService {
  constructor(
    private readonly store: AccountsStore,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
    private readonly last: LastAdministrator,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ServiceError `service-account.name-taken`, `service-account.limit-reached` */
  async create(
    actor: RequestActor,
    account: { readonly name: string; readonly role: BasicRole; readonly isDisabled: boolean },
  ): Promise<ServiceAccountEntity> {
    return this.snapshots.change(async (manager) => {
      await this.#assertNameFree(manager, account.name);
      await this.#assertRoomForAccount(manager);
      const now = this.#now();
      const created = await this.store.save(manager, {
        ...account,
        login: await this.#freeLogin(manager, account.name),
        createdAt: now,
        updatedAt: now,
      });
      await this.#record(manager, actor, 'service-account.create', Number(created.id), {
        name: created.name,
      });
      return { changed: { account: Number(created.id) }, value: created };
    });
  }

  /** @throws ServiceError `not-found`, `service-account.name-taken`, `access.last-administrator`; AccessDeniedError */
  async update(
    actor: RequestActor,
    id: number,
    fields: { readonly name?: string; readonly role?: BasicRole; readonly isDisabled?: boolean },
  ): Promise<ServiceAccountEntity> {
    return this.snapshots.change(async (manager) => {
      const account = await this.store.load(manager, id);
      const roles = await this.store.rolesOf(manager, id);
      assertHolds(actor, roles);
      if (fields.name !== undefined && fields.name !== account.name) {
        await this.#assertNameFree(manager, fields.name, id);
      }
      const updated = await this.last.keep(manager, async () =>
        this.store.save(manager, { ...account, ...fields, updatedAt: this.#now() }),
      );
      await this.#record(manager, actor, 'service-account.update', id, { ...fields }, accountFacts(account));
      return { changed: { account: id }, value: updated };
    });
  }

  /**
   * @param secondsToLive - 0 for a token that does not expire
   * @throws ServiceError `not-found`, `service-account.token-name-taken`,
   *   `service-account.token-limit-reached`; AccessDeniedError
   */
  async createToken(
    actor: RequestActor,
    id: number,
    name: string,
    secondsToLive: number,
  ): Promise<CreatedToken> {
    const key = createServiceAccountToken();
    return this.snapshots.change(async (manager) => {
      await this.#assertMayChange(manager, actor, id);
      if (await this.store.hasTokenNameOf(manager, id, name)) {
        throw new ServiceError('service-account.token-name-taken');
      }
      await this.#assertRoomForToken(manager, id);
      const created = this.#now();
      const token = await this.store.saveToken(manager, {
        serviceAccountId: id,
        name,
        hash: hashToken(key),
        created,
        expiresAt: secondsToLive === 0 ? null : new Date(created.getTime() + secondsToLive * 1000),
        lastUsedAt: null,
        isRevoked: false,
        // A token never gives more than its creator could: roles that its account gets later do not change that.
        ceiling: ceilingOf(actor),
      });
      const tokenId = Number(token.id);
      await this.#record(manager, actor, 'service-account.token.create', id, { tokenId, name });
      return { changed: { account: id }, value: { id: tokenId, name, key } };
    });
  }

  async listTokens(id: number): Promise<ServiceAccountTokenEntity[]> {
    return this.store.listTokens(id);
  }

  /** @throws ServiceError `not-found`, `access.last-administrator`; AccessDeniedError */
  async revokeToken(actor: RequestActor, id: number, tokenId: number): Promise<ServiceAccountTokenEntity> {
    return this.snapshots.change(async (manager) => {
      await this.#assertMayChange(manager, actor, id);
      const token = await this.store.loadToken(manager, id, tokenId);
      if (token.isRevoked) return { changed: false, value: token };
      const revoked = await this.last.keep(manager, async () =>
        this.store.saveToken(manager, { ...token, isRevoked: true }),
      );
      await this.#record(manager, actor, 'service-account.token.revoke', id, { tokenId }, tokenFacts(token));
      return { changed: { account: id }, value: revoked };
    });
  }

  /** @throws ServiceError `not-found`, `access.last-administrator`; AccessDeniedError */
  async deleteToken(actor: RequestActor, id: number, tokenId: number): Promise<void> {
    await this.snapshots.change(async (manager) => {
      await this.#assertMayChange(manager, actor, id);
      const token = await this.store.loadToken(manager, id, tokenId);
      await this.last.keep(manager, async () => this.store.removeToken(manager, token));
      await this.#record(manager, actor, 'service-account.token.delete', id, { tokenId }, tokenFacts(token));
      return { changed: { account: id }, value: undefined };
    });
  }

  /** Gives a role; having it already is fine. @throws ServiceError `not-found`; AccessDeniedError */
  async addRole(actor: RequestActor, id: number, roleUid: string): Promise<void> {
    const role = this.#role(roleUid);
    await this.snapshots.change(async (manager) => {
      await this.store.load(manager, id);
      assertHolds(actor, [roleUid]);
      const roles = await this.store.rolesOf(manager, id);
      if (roles.includes(roleUid)) return { changed: false, value: undefined };
      await this.store.saveRole(manager, { serviceAccountId: id, roleUid, createdAt: this.#now() });
      await this.#record(manager, actor, 'role.add', id, { role: role.name }, rolesFacts(roles));
      return { changed: { account: id }, value: undefined };
    });
  }

  /** @throws ServiceError `not-found`, `access.last-administrator`; AccessDeniedError */
  async removeRole(actor: RequestActor, id: number, roleUid: string): Promise<void> {
    const role = this.#role(roleUid);
    await this.snapshots.change(async (manager) => {
      await this.store.load(manager, id);
      assertHolds(actor, [roleUid]);
      const roles = await this.store.rolesOf(manager, id);
      if (!roles.includes(roleUid))
        throw new ServiceError('not-found', 'The service account does not have this role');
      await this.last.keep(manager, async () => this.store.removeRole(manager, id, roleUid));
      await this.#record(manager, actor, 'role.remove', id, { role: role.name }, rolesFacts(roles));
      return { changed: { account: id }, value: undefined };
    });
  }

  #role(uid: string): Role {
    const role = findRole(uid);
    if (role === undefined) throw new ServiceError('not-found', 'Role not found');
    return role;
  }

  /** A caller that can create or delete an account's tokens can use all of its actions. */
  async #assertMayChange(manager: EntityManager, actor: RequestActor, id: number): Promise<void> {
    await this.store.load(manager, id);
    assertHolds(actor, await this.store.rolesOf(manager, id));
  }

  async #assertNameFree(manager: EntityManager, name: string, id?: number): Promise<void> {
    if (await this.store.hasNameOf(manager, name, id)) throw new ServiceError('service-account.name-taken');
  }

  /** Counted under the lock of all changes, so that replicas together do not exceed it. */
  async #assertRoomForAccount(manager: EntityManager): Promise<void> {
    const { maxAccounts } = this.config.access;
    if ((await this.store.count(manager)) < maxAccounts) return;
    throw new ServiceError('service-account.limit-reached', undefined, {
      detail: `rename an account that is not used any more, or raise MAX_SERVICE_ACCOUNTS (now ${maxAccounts})`,
    });
  }

  /** Revoked and expired tokens count: each change of the account reads their rows again, until they are deleted. */
  async #assertRoomForToken(manager: EntityManager, id: number): Promise<void> {
    const { maxTokensPerAccount } = this.config.access;
    const count = await this.store.countTokens(manager, id);
    if (count < maxTokensPerAccount) return;
    throw new ServiceError('service-account.token-limit-reached', undefined, {
      detail:
        'delete tokens that are expired, revoked or not used any more, ' +
        `or raise MAX_TOKENS_PER_ACCOUNT (now ${maxTokensPerAccount})`,
    });
  }

  /** The login follows from the name; names that differ in punctuation alone get a number. */
  async #freeLogin(manager: EntityManager, name: string): Promise<string> {
    return this.store.freeLogin(manager, `sa-${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')}`);
  }

  async #record(
    manager: EntityManager,
    actor: RequestActor,
    action: AuditAction,
    id: number,
    detail: Facts,
    before: Facts | null = null,
  ): Promise<void> {
    await this.audit.record(manager, actor, action, `service-account:${id}`, detail, before);
  }

  #now(): Date {
    return new Date(this.clock.now());
  }
}

/** Whether the caller holds what these roles give. The administrator's gives the actions of later releases, too. */
function assertHolds(actor: RequestActor, roleUids: readonly string[]): void {
  const missing: string[] = [...actionsOf(roleUids)].filter((action) => !actor.actions.has(action));
  const isLimited = roleUids.includes(ADMINISTRATOR_ROLE.uid) && actor.unlimited !== true;
  if (missing.length === 0 && isLimited) missing.push(ADMINISTRATOR_ROLE.name);
  if (missing.length > 0) {
    throw new AccessDeniedError(
      missing,
      `${actor.id} cannot give, change or take away what it does not hold`,
    );
  }
}
