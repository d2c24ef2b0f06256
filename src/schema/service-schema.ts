import { RoleAssignmentEntity } from '../accounts/role-assignment.entity.js';
import { ServiceAccountTokenEntity } from '../accounts/service-account-token.entity.js';
import { ServiceAccountEntity } from '../accounts/service-account.entity.js';
import { AuditEventEntity } from '../audit/audit-event.entity.js';
import { KeySetEntity } from '../issuer/key-set.entity.js';
import { LicenseMarkEntity } from '../licensing/license/license-mark.entity.js';
import { LicenseKeyEntity } from '../licensing/sources/license-key.entity.js';
import { LicenseRevocationEntity } from '../licensing/license/license-revocation.entity.js';
import { LicenseEntity } from '../licensing/license/license.entity.js';
import { RenewalAttemptEntity } from '../licensing/renewal/renewal-attempt.entity.js';
import { RenewalStateEntity } from '../licensing/renewal/renewal-state.entity.js';
import { SnapshotVersionEntity } from '../snapshot/snapshot-version.entity.js';
import type { Schema } from '../database/data-source-options.js';
import { Initial1764000000000 } from './migrations/initial-1764000000000.js';
import { LicenseMark1764400000000 } from './migrations/license-mark-1764400000000.js';
import { LicenseKey1764100000000 } from './migrations/license-key-1764100000000.js';
import { QueuedLicense1764300000000 } from './migrations/queued-license-1764300000000.js';
import { RenewalState1764200000000 } from './migrations/renewal-state-1764200000000.js';
import { TokenCeiling1765600000000 } from './migrations/token-ceiling-1765600000000.js';
import { Stamp1765200000000 } from './migrations/stamp-1765200000000.js';

/** The service's tables. */
export const SERVICE_SCHEMA: Schema = {
  entities: [
    AuditEventEntity,
    KeySetEntity,
    LicenseEntity,
    LicenseMarkEntity,
    LicenseKeyEntity,
    LicenseRevocationEntity,
    RenewalAttemptEntity,
    RenewalStateEntity,
    RoleAssignmentEntity,
    ServiceAccountEntity,
    ServiceAccountTokenEntity,
    SnapshotVersionEntity,
  ],
  migrations: [
    Initial1764000000000,
    LicenseKey1764100000000,
    RenewalState1764200000000,
    QueuedLicense1764300000000,
    LicenseMark1764400000000,
    Stamp1765200000000,
    TokenCeiling1765600000000,
  ],
};
