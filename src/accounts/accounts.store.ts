import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { ServiceError } from '../domain/service-error.js';
import { retireToken, retireTokensOf } from './retired-token.store.js';
import { RoleAssignmentEntity } from './role-assignment.entity.js';
import { ServiceAccountTokenEntity } from './service-account-token.entity.js';
import { ServiceAccountEntity } from './service-account.entity.js';

/** The rows of service accounts, their roles and tokens. */
@Injectable()
export class AccountsStore {
  constructor(private readonly database: Database) {}

  /** @throws ServiceError `not-found` */
  async load(manager: EntityManager, id: number): Promise<ServiceAccountEntity> {
    const account = await manager.findOneBy(ServiceAccountEntity, { id: String(id) });
    if (account === null) throw new ServiceError('not-found', 'Service account not found');
    return account;
  }

  /** Writes an account: a new one where it has no id. */
  async save(
    manager: EntityManager,
    account: Omit<ServiceAccountEntity, 'id'> & { readonly id?: string },
  ): Promise<ServiceAccountEntity> {
    return manager.save(manager.create(ServiceAccountEntity, account));
  }

  /** Deletes an account; its tokens and roles go with it. Those that do not work now never work again. */
  async remove(manager: EntityManager, id: number): Promise<void> {
    await retireTokensOf(manager, id);
    await manager.delete(ServiceAccountEntity, { id: String(id) });
  }

  /** The accounts whose name or login has a text in any letter case, by id, and how many there are in all. */
  async search(
    manager: EntityManager,
    text: string,
    offset: number,
    limit: number,
  ): Promise<{ count: number; accounts: ServiceAccountEntity[] }> {
    const query = manager.createQueryBuilder(ServiceAccountEntity, 'account');
    if (text !== '')
      query.where(
        'strpos(lower(account.name), lower(:text)) > 0 OR strpos(account.login, lower(:text)) > 0',
        {
          text,
        },
      );
    const count = await query.getCount();
    const accounts = await query.orderBy('account.id', 'ASC').offset(offset).limit(limit).getMany();
    return { count, accounts };
  }

  async count(manager: EntityManager): Promise<number> {
    return manager.count(ServiceAccountEntity);
  }

  /** The id of the account of a name, or undefined. */
  async findByName(name: string): Promise<number | undefined> {
    const account = await this.database.read((manager) => manager.findOneBy(ServiceAccountEntity, { name }));
    return account === null ? undefined : Number(account.id);
  }

  /** The account of exactly this name. */
  async findNamed(manager: EntityManager, name: string): Promise<ServiceAccountEntity | undefined> {
    return (await manager.findOneBy(ServiceAccountEntity, { name })) ?? undefined;
  }

  async findTokenNamed(
    manager: EntityManager,
    id: number,
    name: string,
  ): Promise<ServiceAccountTokenEntity | undefined> {
    const token = await manager.findOneBy(ServiceAccountTokenEntity, { serviceAccountId: id, name });
    return token ?? undefined;
  }

  /** @param hash - SHA-256 of a token, base64url */
  async ownerOfHash(manager: EntityManager, hash: string): Promise<ServiceAccountEntity | undefined> {
    const token = await manager.findOneBy(ServiceAccountTokenEntity, { hash });
    return token === null ? undefined : this.load(manager, Number(token.serviceAccountId));
  }

  /** @throws ServiceError `not-found` */
  async loadToken(manager: EntityManager, id: number, tokenId: number): Promise<ServiceAccountTokenEntity> {
    const token = await manager.findOneBy(ServiceAccountTokenEntity, {
      id: String(tokenId),
      serviceAccountId: id,
    });
    if (token === null) throw new ServiceError('not-found', 'Service account token not found');
    return token;
  }

  /** Writes a token: a new one where it has no id. */
  async saveToken(
    manager: EntityManager,
    token: Omit<ServiceAccountTokenEntity, 'id'> & { readonly id?: string },
  ): Promise<ServiceAccountTokenEntity> {
    return manager.save(manager.create(ServiceAccountTokenEntity, token));
  }

  /** Deletes a token. One that does not work now never works again. */
  async removeToken(manager: EntityManager, token: ServiceAccountTokenEntity): Promise<void> {
    await retireToken(manager, token.id);
    await manager.delete(ServiceAccountTokenEntity, { id: token.id });
  }

  async countTokens(manager: EntityManager, id: number): Promise<number> {
    return manager.countBy(ServiceAccountTokenEntity, { serviceAccountId: id });
  }

  /**
   * Whether another account has this name under NFKC: ﬁ is fi, and a full-width letter is one. The database
   * normalizes both names, so that all replicas agree; characters that its Unicode version does not know yet
   * count as they are.
   */
  async hasNameOf(manager: EntityManager, name: string, except = 0): Promise<boolean> {
    const [row] = await manager.query<{ found: boolean }[]>(
      `SELECT EXISTS (
         SELECT FROM service_account WHERE normalize(name, NFKC) = normalize($1::text, NFKC) AND id <> $2
       ) AS found`,
      [name, except],
    );
    return row?.found === true;
  }

  /** Whether the account has a token of this name under NFKC. */
  async hasTokenNameOf(manager: EntityManager, id: number, name: string): Promise<boolean> {
    const [row] = await manager.query<{ found: boolean }[]>(
      `SELECT EXISTS (
         SELECT FROM service_account_token
         WHERE service_account_id = $1 AND normalize(name, NFKC) = normalize($2::text, NFKC)
       ) AS found`,
      [id, name],
    );
    return row?.found === true;
  }

  /** The login follows from the name; names that differ in punctuation alone get a number. */
  async freeLoginFor(manager: EntityManager, name: string): Promise<string> {
    return this.freeLogin(manager, `sa-${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')}`);
  }

  /**
   * A login that is free: `base`, else the first free `base-2`, `base-3`. One statement, as others wait for
   * the lock meanwhile.
   */
  async freeLogin(manager: EntityManager, base: string): Promise<string> {
    const [row] = await manager.query<{ login: string }[]>(
      `SELECT candidate.login
       FROM (SELECT number, CASE number WHEN 1 THEN $1::text ELSE $1::text || '-' || number END AS login
             FROM generate_series(1, (SELECT count(*) + 1 FROM service_account)) AS number) AS candidate
       WHERE NOT EXISTS (SELECT FROM service_account AS account WHERE account.login = candidate.login)
       ORDER BY candidate.number LIMIT 1`,
      [base],
    );
    // There is one candidate more than there are accounts.
    if (row === undefined) throw new Error('no login is free');
    return row.login;
  }

  /** The tokens of an account, oldest first. */
  async listTokens(id: number): Promise<ServiceAccountTokenEntity[]> {
    return this.database.read(async (manager) => {
      await this.load(manager, id);
      return manager.find(ServiceAccountTokenEntity, {
        where: { serviceAccountId: id },
        order: { id: 'ASC' },
      });
    });
  }

  /** The role uids of an account. */
  async rolesOf(manager: EntityManager, id: number): Promise<string[]> {
    const assignments = await manager.findBy(RoleAssignmentEntity, { serviceAccountId: id });
    return assignments.map((assignment) => assignment.roleUid);
  }

  /** The ids of the accounts that have a role, disabled ones too. */
  async accountsWith(manager: EntityManager, roleUid: string): Promise<number[]> {
    const assignments = await manager.find(RoleAssignmentEntity, {
      where: { roleUid },
      order: { serviceAccountId: 'ASC' },
    });
    return assignments.map(({ serviceAccountId }) => Number(serviceAccountId));
  }

  /** The enabled accounts that have one of these roles, by id. */
  async holdersOf(
    manager: EntityManager,
    roleUids: readonly string[],
  ): Promise<{ readonly id: number; readonly name: string; readonly roleUid: string }[]> {
    const rows = await manager.query<{ id: string; name: string; role_uid: string }[]>(
      `SELECT account.id, account.name, assignment.role_uid
       FROM service_account AS account
       JOIN role_assignment AS assignment ON assignment.service_account_id = account.id
       WHERE NOT account.is_disabled AND assignment.role_uid = ANY ($1)
       ORDER BY account.id, assignment.role_uid`,
      [roleUids],
    );
    return rows.map(({ id, name, role_uid: roleUid }) => ({ id: Number(id), name, roleUid }));
  }

  async saveRole(manager: EntityManager, assignment: RoleAssignmentEntity): Promise<void> {
    await manager.insert(RoleAssignmentEntity, assignment);
  }

  async removeRole(manager: EntityManager, id: number, roleUid: string): Promise<void> {
    await manager.delete(RoleAssignmentEntity, { serviceAccountId: id, roleUid });
  }

  /** Writes down when tokens were used last: Unix milliseconds by token. */
  async saveLastUses(uses: ReadonlyMap<number, number>): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.query(
        `UPDATE service_account_token AS token SET last_used_at = greatest(token.last_used_at, use.at)
         FROM unnest($1::bigint[], $2::timestamptz[]) AS use (id, at) WHERE token.id = use.id`,
        [[...uses.keys()], [...uses.values()].map((at) => new Date(at).toISOString())],
      );
    });
  }
}
