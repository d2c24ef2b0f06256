import { Inject, Injectable } from '@nestjs/common';
import { AuditStore } from '../../audit/audit.store.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import { ServiceError } from '../../domain/service-error.js';
import { AccountsStore } from '../accounts.store.js';
import { CustomRoleStore } from '../custom-role.store.js';
import { CustomRoles, roleFacts } from '../custom-roles.service.js';
import { NamedAccountStore } from '../named-account.store.js';
import { isRoleApplied } from './provisioning-comparison.js';
import type { ProvisionedAssignment, ProvisionedRole } from './provisioning-file.js';
import { faultAt } from './provisioning-files.js';
import type { ProvisioningRun } from './provisioning-run.js';
import type { Place } from './provisioning-faults.js';

/** Names in one fault. */
const MAX_NAMES = 3;

/** Writes the roles of the files. */
@Injectable()
export class ProvisionedRoleWriter {
  constructor(
    private readonly accounts: AccountsStore,
    private readonly named: NamedAccountStore,
    private readonly roles: CustomRoleStore,
    private readonly custom: CustomRoles,
    private readonly audit: AuditStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns whether a role that there was gives more than before */
  async write(run: ProvisioningRun, wanted: ProvisionedRole): Promise<boolean> {
    const { manager, actor } = run;
    const { uid, name, place, isPresent, displayName, description, group, actions } = wanted;
    const known = await this.roles.find(manager, uid);
    const target = `role:${uid}`;
    if (!isPresent) {
      if (known === undefined) return false;
      const holders = await this.accounts.accountsWith(manager, uid);
      await this.custom.delete(manager, actor, known, holders);
      for (const id of holders) run.accounts.add(id);
      run.roles = true;
      run.changes.push({ action: 'role.delete', target, detail: '' });
      return false;
    }
    const content = { name, displayName, description, group, actions };
    if (isRoleApplied(wanted, known)) return false;
    await at(place, async () => this.custom.assertNameFree(manager, name, uid));
    run.roles = true;
    if (known !== undefined) {
      await this.custom.write(manager, actor, known, content);
      run.changes.push({ action: 'role.update', target, detail: '' });
      return !actions.every((action) => known.actions.includes(action));
    }
    const now = new Date(this.clock.now());
    const row = { ...content, actions: [...actions], uid, version: 1, createdAt: now, updatedAt: now };
    const created = await this.roles.save(manager, row);
    await this.audit.record(manager, actor, 'role.create', target, roleFacts(created));
    run.changes.push({ action: 'role.create', target, detail: '' });
    return false;
  }

  /**
   * A caller who made a role of this uid first, or gave it to an account of its own, would come to what the files give
   * by it.
   */
  async assertHoldersNamed(
    { manager }: ProvisioningRun,
    { uid, name, place }: ProvisionedRole,
    assignments: readonly ProvisionedAssignment[],
  ): Promise<void> {
    const named = assignments.filter(({ role }) => role === uid || role === name);
    const accounts = new Set(named.map(({ serviceAccount }) => serviceAccount));
    const holders = await this.named.holders(manager, uid);
    const unnamed = holders.filter((holder) => !accounts.has(holder));
    if (unnamed.length === 0) return;
    const some = unnamed.slice(0, MAX_NAMES).map((holder) => `"${holder}"`);
    const others = unnamed.length > some.length ? ` and ${unnamed.length - some.length} others` : '';
    throw faultAt(
      place,
      `it would give more to ${some.join(', ')}${others}, which no file gives this role: name them in assignments ` +
        '(state: absent takes it away), or use a new uid',
    );
  }
}

/** Has a refusal say where in the files its cause is. */
async function at(place: Place, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'role.name-taken')
      throw faultAt(place, error.message);
    throw error;
  }
}
