import { CustomRoleEntity } from '../accounts/custom-role.entity.js';
import { RetiredTokenEntity } from '../accounts/retired-token.entity.js';
import { RoleAssignmentEntity } from '../accounts/role-assignment.entity.js';
import { ServiceAccountTokenEntity } from '../accounts/service-account-token.entity.js';
import { ServiceAccountEntity } from '../accounts/service-account.entity.js';
import { AuditRefusalEntity } from '../audit/audit-refusal.entity.js';
import { AuditSealEntity } from '../audit/audit-seal.entity.js';
import { AuditStateEntity } from '../audit/audit-state.entity.js';
import { AuditEventEntity } from '../audit/audit-event.entity.js';
import { KeySetEntity } from '../issuer/key-set.entity.js';
import { LicenseMarkEntity } from '../licensing/license/license-mark.entity.js';
import { LicenseKeyEntity } from '../licensing/sources/license-key.entity.js';
import { LicenseRevocationEntity } from '../licensing/license/license-revocation.entity.js';
import { LicenseEntity } from '../licensing/license/license.entity.js';
import { RenewalAttemptEntity } from '../licensing/renewal/renewal-attempt.entity.js';
import { RenewalStateEntity } from '../licensing/renewal/renewal-state.entity.js';
import { SnapshotChangeEntity } from '../snapshot/snapshot-change.entity.js';
import { SnapshotVersionEntity } from '../snapshot/snapshot-version.entity.js';
import { UsageDayEntity } from '../usage/days/usage-day.entity.js';
import { UsageOpenDayEntity } from '../usage/days/usage-open-day.entity.js';
import { UsageSessionEntity } from '../usage/sessions/usage-session.entity.js';
import { UsageCountEntity } from '../usage/subjects/usage-count.entity.js';
import { UsageDeletionEntity } from '../usage/subjects/usage-deletion.entity.js';
import { UsageDenialEntity } from '../usage/subjects/usage-denial.entity.js';
import { UsageStateEntity } from '../usage/subjects/usage-state.entity.js';
import { UsageSubjectEntity } from '../usage/subjects/usage-subject.entity.js';
import { SessionEntity } from '../ui/session.entity.js';
import type { Schema } from '../database/data-source-options.js';
import { Initial1764000000000 } from './migrations/initial-1764000000000.js';
import { LicenseMark1764400000000 } from './migrations/license-mark-1764400000000.js';
import { LicenseKey1764100000000 } from './migrations/license-key-1764100000000.js';
import { QueuedLicense1764300000000 } from './migrations/queued-license-1764300000000.js';
import { RenewalState1764200000000 } from './migrations/renewal-state-1764200000000.js';
import { TokenCeiling1765600000000 } from './migrations/token-ceiling-1765600000000.js';
import { Stamp1765200000000 } from './migrations/stamp-1765200000000.js';
import { SnapshotChange1795800000000 } from './migrations/snapshot-change-1795800000000.js';
import { Usage1795900000000 } from './migrations/usage-1795900000000.js';
import { Audit1796000000000 } from './migrations/audit-1796000000000.js';
import { AuditSeal1796100000000 } from './migrations/audit-seal-1796100000000.js';
import { ReportedLicense1796200000000 } from './migrations/reported-license-1796200000000.js';
import { UsageDeletion1796300000000 } from './migrations/usage-deletion-1796300000000.js';
import { UiSession1796400000000 } from './migrations/ui-session-1796400000000.js';
import { CustomRole1796500000000 } from './migrations/custom-role-1796500000000.js';
import { RetiredToken1796600000000 } from './migrations/retired-token-1796600000000.js';

/** The service's tables. */
export const SERVICE_SCHEMA: Schema = {
  entities: [
    AuditEventEntity,
    AuditRefusalEntity,
    AuditSealEntity,
    AuditStateEntity,
    CustomRoleEntity,
    KeySetEntity,
    LicenseEntity,
    LicenseMarkEntity,
    LicenseKeyEntity,
    LicenseRevocationEntity,
    RenewalAttemptEntity,
    RenewalStateEntity,
    RetiredTokenEntity,
    RoleAssignmentEntity,
    ServiceAccountEntity,
    ServiceAccountTokenEntity,
    SessionEntity,
    SnapshotChangeEntity,
    SnapshotVersionEntity,
    UsageCountEntity,
    UsageDayEntity,
    UsageDeletionEntity,
    UsageDenialEntity,
    UsageOpenDayEntity,
    UsageSessionEntity,
    UsageStateEntity,
    UsageSubjectEntity,
  ],
  migrations: [
    Initial1764000000000,
    LicenseKey1764100000000,
    RenewalState1764200000000,
    QueuedLicense1764300000000,
    LicenseMark1764400000000,
    Stamp1765200000000,
    TokenCeiling1765600000000,
    SnapshotChange1795800000000,
    Usage1795900000000,
    Audit1796000000000,
    AuditSeal1796100000000,
    ReportedLicense1796200000000,
    UsageDeletion1796300000000,
    UiSession1796400000000,
    CustomRole1796500000000,
    RetiredToken1796600000000,
  ],
};
