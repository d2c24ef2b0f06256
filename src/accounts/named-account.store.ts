import { Injectable } from '@nestjs/common';
import { Any, type EntityManager } from 'typeorm';
import { RoleAssignmentEntity } from './role-assignment.entity.js';
import { ServiceAccountTokenEntity } from './service-account-token.entity.js';
import { ServiceAccountEntity } from './service-account.entity.js';

/** An account with what it has. */
export interface NamedAccount {
  readonly account: ServiceAccountEntity;
  readonly tokens: ServiceAccountTokenEntity[];
  readonly roles: string[];
}

function newNamedAccount(account: ServiceAccountEntity): NamedAccount {
  return { account, tokens: [], roles: [] };
}

/** Reads many accounts by their names at once. */
@Injectable()
export class NamedAccountStore {
  /** With their tokens and the uids of their roles: three statements for any number of names. */
  async find(manager: EntityManager, names: readonly string[]): Promise<NamedAccount[]> {
    const accounts = await manager.findBy(ServiceAccountEntity, { name: Any(names) });
    const found = new Map(accounts.map((account) => [Number(account.id), newNamedAccount(account)]));
    const serviceAccountId = Any([...found.keys()]);
    for (const token of await manager.findBy(ServiceAccountTokenEntity, { serviceAccountId }))
      found.get(Number(token.serviceAccountId))?.tokens.push(token);
    for (const assignment of await manager.findBy(RoleAssignmentEntity, { serviceAccountId }))
      found.get(Number(assignment.serviceAccountId))?.roles.push(assignment.roleUid);
    return [...found.values()];
  }

  /** The names of the accounts that have a role. */
  async holders(manager: EntityManager, roleUid: string): Promise<string[]> {
    const rows = await manager.query<{ name: string }[]>(
      `SELECT account.name
       FROM service_account AS account
       JOIN role_assignment AS assignment ON assignment.service_account_id = account.id
       WHERE assignment.role_uid = $1
       ORDER BY account.name`,
      [roleUid],
    );
    return rows.map(({ name }) => name);
  }
}
