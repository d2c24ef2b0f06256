import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RequestActor } from '../access/actor.decorator.js';
import { createServiceAccountToken, hashToken } from '../access/service-account-token.js';
import { ceilingOf } from '../access/token-ceiling.js';
import { type AuditAction, AuditStore, type Facts } from '../audit/audit.store.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import type { Action } from '../domain/actions.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { accountFacts, rolesFacts, tokenFacts } from './account-facts.js';
import { AccountsStore } from './accounts.store.js';
import { Delegation } from './delegation.js';
import { LastAdministrator } from './last-administrator.js';
import type { ServiceAccountTokenEntity } from './service-account-token.entity.js';
import type { BasicRole, ServiceAccountEntity } from './service-account.entity.js';
import { lowerCeilings } from './token-ceiling.store.js';

/** What changes an account that is there. */
const CHANGES = ['serviceaccounts:write', 'serviceaccounts:delete'] as const satisfies readonly Action[];

/** A new token; `key` is shown this once and stored nowhere. */
export interface CreatedToken {
  readonly id: number;
  readonly name: string;
  readonly key: string;
}

/** Manages accounts and their tokens. Both carry roles, so a caller must hold what the account's roles give. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly database: Database,
    private readonly store: AccountsStore,
    private readonly delegation: Delegation,
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
        login: await this.store.freeLoginFor(manager, account.name),
        createdAt: now,
        updatedAt: now,
      });
      await this.#record(manager, actor, 'service-account.create', Number(created.id), {
        name: created.name,
      });
      return { changed: { accounts: [Number(created.id)] }, value: created };
    }, actor);
  }

  /** @throws ServiceError `not-found`, `service-account.name-taken`, `access.last-administrator`; AccessDeniedError */
  async update(
    actor: RequestActor,
    id: number,
    fields: { readonly name?: string; readonly role?: BasicRole; readonly isDisabled?: boolean },
  ): Promise<ServiceAccountEntity> {
    return this.snapshots.change(async (manager) => {
      const account = await this.#assertMayChange(manager, actor, id);
      const isRenamed = fields.name !== undefined && fields.name !== account.name;
      if (isRenamed) await this.#assertNameFree(manager, fields.name, id);
      const updated = await this.last.keep(manager, async () => {
        // Files and administrators give roles to a name. Its tokens give no more than the caller who gave it the name.
        if (isRenamed) await lowerCeilings(manager, id, ceilingOf(actor));
        return this.store.save(manager, { ...account, ...fields, updatedAt: this.#now() });
      });
      await this.#record(manager, actor, 'service-account.update', id, { ...fields }, accountFacts(account));
      return { changed: { accounts: [id] }, value: updated };
    }, actor);
  }

  /** @throws ServiceError `not-found` */
  async find(id: number): Promise<ServiceAccountEntity> {
    return this.database.read((manager) => this.store.load(manager, id));
  }

  /**
   * An account, with the actions of its kind that the caller may use on it: none where it has a role that gives more
   * than the caller holds.
   * @throws ServiceError `not-found`
   */
  async findFor(
    actor: RequestActor,
    id: number,
  ): Promise<{ readonly account: ServiceAccountEntity; readonly allowed: readonly Action[] }> {
    return this.database.read(async (manager) => {
      const account = await this.store.load(manager, id);
      const isWithin = await this.delegation.holds(manager, actor, await this.store.rolesOf(manager, id));
      return { account, allowed: isWithin ? CHANGES.filter((action) => actor.actions.has(action)) : [] };
    });
  }

  /** A page of the accounts whose name or login has a text, by their ids. @param page - from 1 */
  async search(
    query: string,
    page: number,
    size: number,
  ): Promise<{ count: number; accounts: ServiceAccountEntity[] }> {
    return this.database.read((manager) => this.store.search(manager, query, (page - 1) * size, size));
  }

  /**
   * Deletes an account with its tokens and roles.
   * @throws ServiceError `not-found`, `access.last-administrator`; AccessDeniedError
   */
  async remove(actor: RequestActor, id: number): Promise<void> {
    await this.snapshots.change(async (manager) => {
      const account = await this.#assertMayChange(manager, actor, id);
      const before = {
        ...accountFacts(account),
        ...rolesFacts(await this.store.rolesOf(manager, id)),
        tokens: await this.store.countTokens(manager, id),
      };
      await this.last.keep(manager, async () => this.store.remove(manager, id));
      await this.#record(manager, actor, 'service-account.delete', id, {}, before);
      return { changed: { accounts: [id] }, value: undefined };
    }, actor);
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
      return { changed: { accounts: [id] }, value: { id: tokenId, name, key } };
    }, actor);
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
      return { changed: { accounts: [id] }, value: revoked };
    }, actor);
  }

  /** @throws ServiceError `not-found`, `access.last-administrator`; AccessDeniedError */
  async deleteToken(actor: RequestActor, id: number, tokenId: number): Promise<void> {
    await this.snapshots.change(async (manager) => {
      await this.#assertMayChange(manager, actor, id);
      const token = await this.store.loadToken(manager, id, tokenId);
      await this.last.keep(manager, async () => this.store.removeToken(manager, token));
      await this.#record(manager, actor, 'service-account.token.delete', id, { tokenId }, tokenFacts(token));
      return { changed: { accounts: [id] }, value: undefined };
    }, actor);
  }

  /** A caller that can create or delete an account's tokens can use all of its actions. */
  async #assertMayChange(
    manager: EntityManager,
    actor: RequestActor,
    id: number,
  ): Promise<ServiceAccountEntity> {
    const account = await this.store.load(manager, id);
    await this.delegation.assertHolds(manager, actor, await this.store.rolesOf(manager, id));
    return account;
  }

  async #assertNameFree(manager: EntityManager, name: string, id?: number): Promise<void> {
    if (await this.store.hasNameOf(manager, name, id)) throw new ServiceError('service-account.name-taken');
  }

  /** Counted under the lock of all changes, so that replicas together do not exceed it. */
  async #assertRoomForAccount(manager: EntityManager): Promise<void> {
    const { maxAccounts } = this.config.access;
    if ((await this.store.count(manager)) < maxAccounts) return;
    throw new ServiceError('service-account.limit-reached', undefined, {
      detail: `delete an account that is not used any more, or raise MAX_SERVICE_ACCOUNTS (now ${maxAccounts})`,
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
