import type { Schema } from '../database/data-source-options.js';
import { IssuedLicenseEntity } from './licenses/issued-license.entity.js';
import { IssuerRecordEntity } from './record/issuer-record.entity.js';
import { LicenseEventEntity } from './licenses/license-event.entity.js';
import { AuthorityInitial1764000000000 } from './migrations/authority-initial-1764000000000.js';
import { AuthorityHistory1766000000000 } from './migrations/authority-history-1766000000000.js';
import { AuthorityKeys1765900000000 } from './migrations/authority-keys-1765900000000.js';
import { AuthorityRecord1765300000000 } from './migrations/authority-record-1765300000000.js';
import { AuthorityBoot1766100000000 } from './migrations/authority-boot-1766100000000.js';
import { AuthorityUsage1795800000000 } from './migrations/authority-usage-1795800000000.js';
import { AuthoritySeatTerms1795900000000 } from './migrations/authority-seat-terms-1795900000000.js';
import { AuthoritySetBack1796000000000 } from './migrations/authority-set-back-1796000000000.js';
import { AuthorityDisputedDay1796100000000 } from './migrations/authority-disputed-day-1796100000000.js';
import { RenewalEntity } from './renewals/renewal.entity.js';
import { SigningKeyEntity } from './keys/signing-key.entity.js';
import { DisputedDayEntity } from './usage/disputed-day.entity.js';
import { ReportedDayEntity } from './usage/reported-day.entity.js';
import { ReportedUsageEntity } from './usage/reported-usage.entity.js';

/** The issuer's tables, in a database of its own. */
export const ISSUER_SERVER_SCHEMA: Schema = {
  entities: [
    DisputedDayEntity,
    IssuedLicenseEntity,
    IssuerRecordEntity,
    LicenseEventEntity,
    RenewalEntity,
    ReportedDayEntity,
    ReportedUsageEntity,
    SigningKeyEntity,
  ],
  migrations: [
    AuthorityInitial1764000000000,
    AuthorityRecord1765300000000,
    AuthorityKeys1765900000000,
    AuthorityHistory1766000000000,
    AuthorityBoot1766100000000,
    AuthorityUsage1795800000000,
    AuthoritySeatTerms1795900000000,
    AuthoritySetBack1796000000000,
    AuthorityDisputedDay1796100000000,
  ],
};
