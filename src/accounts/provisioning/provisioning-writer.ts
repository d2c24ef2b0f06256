import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Role } from '../../access/roles.js';
import { NO_LIMIT } from '../../access/token-ceiling.js';
import { type AuditAction, AuditStore, type Facts } from '../../audit/audit.store.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import { ServiceError } from '../../domain/service-error.js';
import { accountFacts, rolesFacts, tokenFacts } from '../account-facts.js';
import { AccountsStore } from '../accounts.store.js';
import { CustomRoleStore } from '../custom-role.store.js';
import { retiredAmong } from '../retired-token.store.js';
import type { ServiceAccountEntity } from '../service-account.entity.js';
import type {
  ProvisionedAccount,
  ProvisionedAssignment,
  ProvisionedRole,
  ProvisionedToken,
  Provisioning,
} from './provisioning-file.js';
import { ProvisionedRoleWriter } from './provisioned-role-writer.js';
import { isTokenDone, roleNamed } from './provisioning-comparison.js';
import { faultAt } from './provisioning-files.js';
import type { ProvisioningRun } from './provisioning-run.js';
import type { Place } from './provisioning-faults.js';

/** How many custom roles and service accounts there are. */
interface Counts {
  readonly roles: number;
  readonly accounts: number;
}

/** Writes what the files say, where the database says something else. */
@Injectable()
export class ProvisioningWriter {
  constructor(
    private readonly store: AccountsStore,
    private readonly roles: CustomRoleStore,
    private readonly roleWriter: ProvisionedRoleWriter,
    private readonly audit: AuditStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ProvisioningFaultsError, ServiceError `role.limit-reached`, `service-account.limit-reached` */
  async apply(run: ProvisioningRun, { roles, serviceAccounts, assignments }: Provisioning): Promise<void> {
    const before = await this.#counts(run);
    const present = (entries: readonly { readonly isPresent: boolean }[]) =>
      entries.filter(({ isPresent }) => isPresent).length;
    // What cannot fit is not written first: all other changes wait meanwhile.
    this.#assertFits({ roles: present(roles), accounts: present(serviceAccounts) }, before);
    const grown: ProvisionedRole[] = [];
    for (const role of roles) if (await this.roleWriter.write(run, role)) grown.push(role);
    for (const account of serviceAccounts) await this.#account(run, account);
    for (const assignment of assignments) await this.#assignment(run, assignment);
    for (const role of grown) await this.roleWriter.assertHoldersNamed(run, role, assignments);
    this.#assertFits(await this.#counts(run), before);
  }

  /** Where a limit was lowered, what is there stays, and the files still apply. */
  #assertFits(after: Counts, before: Counts): void {
    const { maxAccounts, maxRoles } = this.config.access;
    if (after.roles > Math.max(maxRoles, before.roles)) throw new ServiceError('role.limit-reached');
    if (after.accounts > Math.max(maxAccounts, before.accounts))
      throw new ServiceError('service-account.limit-reached');
  }

  async #counts({ manager }: ProvisioningRun): Promise<Counts> {
    return { roles: await this.roles.count(manager), accounts: await this.store.count(manager) };
  }

  async #account(run: ProvisioningRun, wanted: ProvisionedAccount): Promise<void> {
    const { manager } = run;
    const { name, isDisabled, isPresent, place } = wanted;
    const known = await this.store.findNamed(manager, name);
    if (!isPresent) {
      if (known === undefined) return;
      const before = {
        ...accountFacts(known),
        ...rolesFacts(await this.store.rolesOf(manager, Number(known.id))),
      };
      await this.store.remove(manager, Number(known.id));
      await this.#record(run, known, 'service-account.delete', '', {}, before);
      return;
    }
    const account = known ?? (await this.#createAccount(run, name, isDisabled ?? false, place));
    if (known !== undefined && isDisabled !== undefined && known.isDisabled !== isDisabled) {
      await this.store.save(manager, { ...known, isDisabled, updatedAt: this.#now() });
      await this.#record(run, known, 'service-account.update', '', { isDisabled }, accountFacts(known));
    }
    const { maxTokensPerAccount } = this.config.access;
    const before = await this.store.countTokens(manager, Number(account.id));
    for (const token of wanted.tokens) await this.#token(run, account, token);
    const after = await this.store.countTokens(manager, Number(account.id));
    if (after > Math.max(maxTokensPerAccount, before))
      throw faultAt(place, `it would have more than ${maxTokensPerAccount} tokens (MAX_TOKENS_PER_ACCOUNT)`);
  }

  async #createAccount(
    run: ProvisioningRun,
    name: string,
    isDisabled: boolean,
    place: Place,
  ): Promise<ServiceAccountEntity> {
    const { manager } = run;
    if (await this.store.hasNameOf(manager, name))
      throw faultAt(place, 'another service account has a name that is the same under NFKC');
    const now = this.#now();
    const login = await this.store.freeLoginFor(manager, name);
    const account = await this.store.save(manager, {
      ...{ name, login, isDisabled, createdAt: now, updatedAt: now },
      role: 'None',
    });
    await this.#record(run, account, 'service-account.create', '', { name });
    return account;
  }

  async #token(run: ProvisioningRun, account: ServiceAccountEntity, wanted: ProvisionedToken): Promise<void> {
    const { manager } = run;
    const { name, hash, expiresAt, isPresent, place } = wanted;
    const id = Number(account.id);
    const known = await this.store.findTokenNamed(manager, id, name);
    if (isTokenDone(wanted, known, run.retired)) return;
    // Asked again: what this run deletes counts too.
    const isRetired = (await retiredAmong(manager, [hash])).has(hash);
    if (known !== undefined && isPresent && known.hash === hash && !isRetired) {
      await this.store.saveToken(manager, { ...known, expiresAt, ceiling: [NO_LIMIT] });
      const after = { tokenId: Number(known.id), expiresAt: expiresAt?.toISOString() ?? null };
      await this.#record(run, account, 'service-account.token.update', name, after, tokenFacts(known));
      return;
    }
    if (known !== undefined) {
      await this.store.removeToken(manager, known);
      const detail = { tokenId: Number(known.id) };
      await this.#record(run, account, 'service-account.token.delete', name, detail, tokenFacts(known));
    }
    if (!isPresent || isRetired) return;
    const owner = await this.store.ownerOfHash(manager, hash);
    if (owner !== undefined)
      throw faultAt(place, `a token of the service account "${owner.name}" has this SHA-256`);
    if (await this.store.hasTokenNameOf(manager, id, name))
      throw faultAt(place, 'another token of the account has a name that is the same under NFKC');
    const token = await this.store.saveToken(manager, {
      ...{ serviceAccountId: id, name, hash, created: this.#now() },
      ...{ expiresAt, lastUsedAt: null, isRevoked: false },
      // The operator, who can read the files, is no lesser caller than an administrator.
      ceiling: [NO_LIMIT],
    });
    await this.#record(run, account, 'service-account.token.create', name, {
      tokenId: Number(token.id),
      name,
    });
  }

  async #assignment(run: ProvisioningRun, wanted: ProvisionedAssignment): Promise<void> {
    const { manager } = run;
    const { serviceAccount, isPresent, place } = wanted;
    const account = await this.store.findNamed(manager, serviceAccount);
    const role = await this.#findRole(manager, wanted.role);
    // What is to be absent is absent.
    if (!isPresent && (account === undefined || role === undefined)) return;
    if (account === undefined) throw faultAt(place, 'there is no such service account');
    if (role === undefined) throw faultAt(place, 'there is no role of this name or uid');
    const id = Number(account.id);
    const before = await this.store.rolesOf(manager, id);
    if (before.includes(role.uid) === isPresent) return;
    if (isPresent)
      await this.store.saveRole(manager, { serviceAccountId: id, roleUid: role.uid, createdAt: this.#now() });
    else await this.store.removeRole(manager, id, role.uid);
    const action = isPresent ? 'role.add' : 'role.remove';
    await this.#record(run, account, action, role.name, { role: role.name }, rolesFacts(before));
  }

  async #findRole(manager: EntityManager, nameOrUid: string): Promise<Role | undefined> {
    return roleNamed(nameOrUid, await this.roles.definitions(manager));
  }

  async #record(
    run: ProvisioningRun,
    { id, name }: ServiceAccountEntity,
    action: AuditAction,
    detail: string,
    after: Facts,
    before: Facts | null = null,
  ): Promise<void> {
    run.accounts.add(Number(id));
    run.changes.push({ action, target: `service-account:${name}`, detail });
    await this.audit.record(run.manager, run.actor, action, `service-account:${id}`, after, before);
  }

  #now(): Date {
    return new Date(this.clock.now());
  }
}
