import type { EntityManager } from 'typeorm';
import type { AuditAction } from '../../audit/audit.store.js';
import type { Actor } from '../../domain/actor.js';
import type { ProvisioningFault } from './provisioning-faults.js';

/** What a provisioning changes, by the names of its files. */
export interface ProvisionedChange {
  readonly action: AuditAction;
  readonly target: string;
  /** The token or role of an account; empty where the target says it all. */
  readonly detail: string;
}

/** What came of the files, or would come of them. */
export interface ProvisioningOutcome {
  readonly changes: readonly ProvisionedChange[];
  /** Where the files name tokens that are not made, as those never work again. */
  readonly retired: readonly ProvisioningFault[];
}

/** One provisioning under way, and what it has changed so far. */
export interface ProvisioningRun {
  readonly manager: EntityManager;
  readonly actor: Actor;
  readonly changes: ProvisionedChange[];
  /** Hashes of the files that never work again, as it began. */
  readonly retired: ReadonlySet<string>;
  readonly accounts: Set<number>;
  roles: boolean;
}
