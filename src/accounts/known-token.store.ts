import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Between, type EntityManager } from 'typeorm';
import { type CustomRoles } from '../access/roles.js';
import { ceilingWithoutRecord } from '../access/token-ceiling.js';
import type { AccessChange } from '../snapshot/access-change.js';
import type { KnownTokens } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { TokenTable } from '../snapshot/token-table.js';
import { CustomRoleStore } from './custom-role.store.js';
import { type Grant, GrantedTokens, type StoredToken } from './granted-tokens.js';
import { RoleAssignmentEntity } from './role-assignment.entity.js';
import { ServiceAccountEntity } from './service-account.entity.js';

/** Rows that are read at once: between two pages, and two accounts, requests are answered. */
const ACCOUNTS_AT_ONCE = 200;
const TOKENS_AT_ONCE = 500;

/** With more changed accounts than these, one pass over all is quicker than a query for each. */
const MAX_ACCOUNTS_ONE_BY_ONE = 100;

/** A service account, as its tokens stand for it. */
interface Account {
  readonly callerId: string;
  readonly name: string;
  readonly given: readonly RoleAssignmentEntity[];
  readonly roleUids: readonly string[];
  readonly disabled: boolean;
  /** What its tokens stand for, by their ceiling: many have the same. */
  readonly grants: Map<string, Grant>;
  readonly tokens: Map<string, StoredToken>;
}

interface TokenRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly hash: string;
  readonly created: Date;
  readonly expiresAt: Date | null;
  readonly isRevoked: boolean;
  /** Its actions with commas between them, as to make an array of each would take most of the time. */
  readonly ceiling: string | null;
}

/** Reads the part of the snapshot that says who calls: of all accounts and roles, or of those that changed. */
@Injectable()
export class KnownTokenStore implements OnModuleInit {
  constructor(
    private readonly snapshots: SnapshotService,
    private readonly roles: CustomRoleStore,
  ) {}

  onModuleInit(): void {
    this.snapshots.register('tokens', (manager, previous, changed) => this.load(manager, previous, changed));
  }

  /** @param changed - what changed since `previous`; undefined to read all */
  async load(
    manager: EntityManager,
    previous: KnownTokens | undefined,
    changed: AccessChange | undefined,
  ): Promise<KnownTokens> {
    if (!(previous instanceof GrantedTokens) || changed === undefined)
      return this.#all(manager, await this.roles.definitions(manager));
    const { accounts } = changed;
    if (accounts.size === 0 && !changed.roles) return previous;
    const roles = changed.roles ? await this.roles.definitions(manager) : previous.roles;
    // A role that changes costs no reading of the tokens that have it: what they give is found when they are used.
    if (accounts.size === 0) return new GrantedTokens(previous.table, roles);
    if (accounts.size > MAX_ACCOUNTS_ONE_BY_ONE) return this.#all(manager, roles);
    const table = previous.table.copy();
    for (const id of accounts) {
      table.replace(id, new Map());
      await this.#read(manager, table, id, id);
    }
    return new GrantedTokens(table, roles);
  }

  async #all(manager: EntityManager, roles: CustomRoles): Promise<GrantedTokens> {
    const all = new TokenTable<StoredToken>();
    await this.#read(manager, all, 0, Number.MAX_SAFE_INTEGER);
    return new GrantedTokens(all, roles);
  }

  /** Reads the accounts from one id to another one, both included, in pages. */
  async #read(
    manager: EntityManager,
    into: TokenTable<StoredToken>,
    from: number,
    to: number,
  ): Promise<void> {
    for (let next = from; ;) {
      const rows = await manager.find(ServiceAccountEntity, {
        select: { id: true, name: true, isDisabled: true },
        where: { id: Between(String(next), String(to)) },
        order: { id: 'ASC' },
        take: ACCOUNTS_AT_ONCE,
      });
      const last = Number(rows.at(-1)?.id ?? to);
      const accounts = await this.#accounts(manager, rows, last);
      await this.#readTokens(manager, accounts, last);
      for (const [id, { tokens }] of accounts) {
        into.replace(id, tokens);
        await nextTurn();
      }
      if (rows.length < ACCOUNTS_AT_ONCE) return;
      next = last + 1;
    }
  }

  /** @param last - the id of the last one of `rows` */
  async #accounts(
    manager: EntityManager,
    rows: readonly Pick<ServiceAccountEntity, 'id' | 'name' | 'isDisabled'>[],
    last: number,
  ): Promise<Map<number, Account>> {
    const first = Number(rows[0]?.id ?? last);
    const assignments = await manager.findBy(RoleAssignmentEntity, {
      serviceAccountId: Between(first, last),
    });
    const roles = new Map<number, RoleAssignmentEntity[]>();
    for (const assignment of assignments) {
      const given = roles.get(assignment.serviceAccountId);
      if (given === undefined) roles.set(assignment.serviceAccountId, [assignment]);
      else given.push(assignment);
    }
    return new Map(
      rows.map(({ id: text, name, isDisabled: disabled }) => {
        const id = Number(text);
        const given = roles.get(id) ?? [];
        const roleUids = given.map(({ roleUid }) => roleUid);
        const callerId = `service-account:${id}`;
        const account = { callerId, name, given, roleUids, disabled, grants: new Map(), tokens: new Map() };
        return [id, account] as const;
      }),
    );
  }

  async #readTokens(
    manager: EntityManager,
    accounts: ReadonlyMap<number, Account>,
    last: number,
  ): Promise<void> {
    let [account = last] = accounts.keys();
    for (let name = ''; ;) {
      await nextTurn();
      // In the order of a unique index, so that each page begins where the one before ended.
      const rows = await manager.query<TokenRow[]>(
        `SELECT id, service_account_id AS account, name, hash, created, expires_at AS "expiresAt",
           is_revoked AS "isRevoked", array_to_string(ceiling, ',') AS ceiling
         FROM service_account_token
         WHERE (service_account_id, name) > ($1::bigint, $2::text) AND service_account_id <= $3
         ORDER BY service_account_id, name LIMIT ${TOKENS_AT_ONCE}`,
        [account, name, last],
      );
      for (const row of rows) {
        const owner = accounts.get(Number(row.account));
        owner?.tokens.set(row.hash, storedToken(row, owner));
      }
      const end = rows.at(-1);
      if (end === undefined || rows.length < TOKENS_AT_ONCE) return;
      [account, name] = [Number(end.account), end.name];
    }
  }
}

function storedToken(row: TokenRow, account: Account): StoredToken {
  return {
    tokenId: Number(row.id),
    grant: grantOf(row, account),
    expiresAt: row.expiresAt?.getTime(),
    revoked: row.isRevoked,
    disabled: account.disabled,
  };
}

function grantOf(
  { ceiling, created }: TokenRow,
  { callerId, name, roleUids, given, grants }: Account,
): Grant {
  if (ceiling === null) return { callerId, name, roleUids, ceiling: ceilingWithoutRecord(created, given) };
  const same = grants.get(ceiling);
  if (same !== undefined) return same;
  const grant = { callerId, name, roleUids, ceiling: ceiling.split(',') };
  grants.set(ceiling, grant);
  return grant;
}
