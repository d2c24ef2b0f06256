import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type CustomRoles, findRole, ROLES, type Role } from '../../access/roles.js';
import { NO_LIMIT } from '../../access/token-ceiling.js';
import type { CustomRoleEntity } from '../custom-role.entity.js';
import { CustomRoleStore } from '../custom-role.store.js';
import { saysTheSame } from '../custom-roles.service.js';
import { type NamedAccount, NamedAccountStore } from '../named-account.store.js';
import { retiredAmong } from '../retired-token.store.js';
import type { ServiceAccountTokenEntity } from '../service-account-token.entity.js';
import type {
  ProvisionedAccount,
  ProvisionedRole,
  ProvisionedToken,
  Provisioning,
} from './provisioning-file.js';
import { type ProvisioningFault, ProvisioningFaults } from './provisioning-faults.js';

const NOT_MADE =
  'this token is not made, as it was revoked, or its account disabled, when it was deleted: ' +
  'make a new token, and put its sha256 here';

/** Compares what the files say with what is stored. */
@Injectable()
export class ProvisioningComparison {
  constructor(
    private readonly roles: CustomRoleStore,
    private readonly accounts: NamedAccountStore,
  ) {}

  /** Whether everything is stored as the files say. It costs a few statements, and needs no lock. */
  async isApplied(
    manager: EntityManager,
    { roles, serviceAccounts, assignments }: Provisioning,
  ): Promise<boolean> {
    const stored = await this.roles.list(manager);
    const known = new Map(stored.map((role) => [role.uid, role]));
    const names = [...serviceAccounts, ...assignments.map(({ serviceAccount: name }) => ({ name }))];
    const found = await this.accounts.find(manager, [...new Set(names.map(({ name }) => name))]);
    const accounts = new Map(found.map((one) => [one.account.name, one]));
    const definitions = await this.roles.definitions(manager);
    const retired = await this.retiredHashes(manager, { serviceAccounts });
    return (
      roles.every((role) => isRoleApplied(role, known.get(role.uid))) &&
      serviceAccounts.every((account) => isAccountApplied(account, accounts.get(account.name), retired)) &&
      assignments.every(({ serviceAccount, role: wanted, isPresent }) => {
        const role = roleNamed(wanted, definitions);
        const isHeld = role !== undefined && accounts.get(serviceAccount)?.roles.includes(role.uid);
        return (isHeld ?? false) === isPresent;
      })
    );
  }

  /** The hashes of the files that never work again. */
  async retiredHashes(
    manager: EntityManager,
    { serviceAccounts }: Pick<Provisioning, 'serviceAccounts'>,
  ): Promise<ReadonlySet<string>> {
    return retiredAmong(manager, hashesOf(serviceAccounts));
  }

  /** Where the files name tokens that never work again: those are not made, and everything else is applied. */
  async retired(
    manager: EntityManager,
    { serviceAccounts }: Pick<Provisioning, 'serviceAccounts'>,
  ): Promise<readonly ProvisioningFault[]> {
    const retired = await this.retiredHashes(manager, { serviceAccounts });
    const found = new ProvisioningFaults();
    for (const account of serviceAccounts.filter(({ isPresent }) => isPresent))
      for (const token of account.tokens.filter(({ hash }) => retired.has(hash)))
        found.add(token.place, `${NOT_MADE} ("${token.name}" of "${account.name}")`);
    return found.list();
  }
}

function hashesOf(accounts: readonly ProvisionedAccount[]): string[] {
  return accounts.flatMap(({ tokens }) => tokens.map(({ hash }) => hash));
}

/** The role of a name or uid. */
export function roleNamed(nameOrUid: string, custom: CustomRoles): Role | undefined {
  const byUid = findRole(nameOrUid, custom);
  return byUid ?? [...ROLES, ...custom.values()].find(({ name }) => name === nameOrUid);
}

export function isRoleApplied(wanted: ProvisionedRole, known: CustomRoleEntity | undefined): boolean {
  if (known === undefined) return !wanted.isPresent;
  return wanted.isPresent && saysTheSame(known, wanted);
}

function isAccountApplied(
  wanted: ProvisionedAccount,
  known: NamedAccount | undefined,
  retired: ReadonlySet<string>,
): boolean {
  if (known === undefined) return !wanted.isPresent;
  const tokens = new Map(known.tokens.map((token) => [token.name, token]));
  return (
    wanted.isPresent &&
    known.account.isDisabled === (wanted.isDisabled ?? known.account.isDisabled) &&
    wanted.tokens.every((token) => isTokenDone(token, tokens.get(token.name), retired))
  );
}

/** Whether there is nothing to do for a token. One that never works again may be there, made by a former release. */
export function isTokenDone(
  wanted: ProvisionedToken,
  known: ServiceAccountTokenEntity | undefined,
  retired: ReadonlySet<string>,
): boolean {
  return retired.has(wanted.hash) ? known?.hash !== wanted.hash : isTokenApplied(wanted, known);
}

function isTokenApplied(wanted: ProvisionedToken, known: ServiceAccountTokenEntity | undefined): boolean {
  if (known === undefined) return !wanted.isPresent;
  return (
    wanted.isPresent &&
    known.hash === wanted.hash &&
    known.ceiling?.includes(NO_LIMIT) === true &&
    known.expiresAt?.getTime() === wanted.expiresAt?.getTime()
  );
}
