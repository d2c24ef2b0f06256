import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Between, type EntityManager } from 'typeorm';
import { actionsOf, ADMINISTRATOR_ROLE } from '../access/roles.js';
import { ceilingWithoutRecord, limit } from '../access/token-ceiling.js';
import type { Caller, KnownToken } from '../domain/caller.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { TokenTable } from '../snapshot/token-table.js';
import { RoleAssignmentEntity } from './role-assignment.entity.js';
import { ServiceAccountEntity } from './service-account.entity.js';

/** Rows that are read at once: between two pages, and two accounts, requests are answered. */
const ACCOUNTS_AT_ONCE = 200;
const TOKENS_AT_ONCE = 500;

/** With more changed accounts than these, one pass over all is quicker than a query for each. */
const MAX_ACCOUNTS_ONE_BY_ONE = 100;

/** A service account, as its tokens stand for it. */
interface Account {
  readonly caller: Caller;
  readonly given: readonly RoleAssignmentEntity[];
  readonly disabled: boolean;
  /** What its tokens stand for, by their ceiling: many have the same. */
  readonly limited: Map<string, Caller>;
  readonly tokens: Map<string, KnownToken>;
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

/** Reads the part of the snapshot that says who calls: of all accounts, or of those that changed. */
@Injectable()
export class KnownTokenStore implements OnModuleInit {
  constructor(private readonly snapshots: SnapshotService) {}

  onModuleInit(): void {
    this.snapshots.register('tokens', (manager, previous, accounts) =>
      this.load(manager, previous, accounts),
    );
  }

  /** @param accounts - those that changed since `previous`; undefined to read all */
  async load(
    manager: EntityManager,
    previous: Snapshot['tokens'] | undefined,
    accounts: ReadonlySet<number> | undefined,
  ): Promise<Snapshot['tokens']> {
    if (previous === undefined || accounts === undefined || accounts.size > MAX_ACCOUNTS_ONE_BY_ONE) {
      const all = new TokenTable();
      await this.#read(manager, all, 0, Number.MAX_SAFE_INTEGER);
      return all;
    }
    if (accounts.size === 0) return previous;
    const table = previous.copy();
    for (const id of accounts) {
      table.replace(id, new Map());
      await this.#read(manager, table, id, id);
    }
    return table;
  }

  /** Reads the accounts from one id to another one, both included, in pages. */
  async #read(manager: EntityManager, into: TokenTable, from: number, to: number): Promise<void> {
    for (let next = from; ;) {
      const rows = await manager.find(ServiceAccountEntity, {
        select: { id: true, isDisabled: true },
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
    rows: readonly Pick<ServiceAccountEntity, 'id' | 'isDisabled'>[],
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
      rows.map(({ id: text, isDisabled: disabled }) => {
        const id = Number(text);
        const given = roles.get(id) ?? [];
        const uids = given.map(({ roleUid }) => roleUid);
        const caller: Caller = {
          id: `service-account:${id}`,
          actions: actionsOf(uids),
          unlimited: uids.includes(ADMINISTRATOR_ROLE.uid),
        };
        return [id, { caller, given, disabled, limited: new Map(), tokens: new Map() }] as const;
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
        owner?.tokens.set(row.hash, knownToken(row, owner));
      }
      const end = rows.at(-1);
      if (end === undefined || rows.length < TOKENS_AT_ONCE) return;
      [account, name] = [Number(end.account), end.name];
    }
  }
}

function knownToken(row: TokenRow, account: Account): KnownToken {
  return {
    tokenId: Number(row.id),
    caller: callerOf(row, account),
    expiresAt: row.expiresAt?.getTime(),
    revoked: row.isRevoked,
    disabled: account.disabled,
  };
}

function callerOf({ ceiling, created }: TokenRow, { caller, given, limited }: Account): Caller {
  if (ceiling === null) return limit(caller, ceilingWithoutRecord(created, given));
  const same = limited.get(ceiling);
  if (same !== undefined) return same;
  const found = limit(caller, ceiling.split(','));
  limited.set(ceiling, found);
  return found;
}
