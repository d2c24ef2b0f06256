import { Global, Module } from '@nestjs/common';
import { ISSUER_REPORTING } from '../domain/usage/issuer-reporting.js';
import { CurrentTerms } from './current-terms.js';
import { UsageClock } from './usage-clock.js';
import { UsageDayStore } from './days/usage-day.store.js';
import { UsageDays } from './days/usage-days.js';
import { IssuerReportMetrics } from './reports/issuer-report-metrics.js';
import { IssuerReportStore } from './reports/issuer-report.store.js';
import { IssuerReports } from './reports/issuer-reports.js';
import { UsageSessionStore } from './sessions/usage-session.store.js';
import { UsageSessions } from './sessions/usage-sessions.js';
import { UsageSessionsController } from './sessions/usage-sessions.controller.js';
import { ActiveSubjects } from './subjects/active-subjects.js';
import { Admissions } from './subjects/admissions.js';
import { Refusals } from './subjects/refusals.js';
import { SeenBuffer } from './subjects/seen-buffer.js';
import { SubjectDeletions } from './subjects/subject-deletions.js';
import { SubjectHasher } from './subjects/subject-hasher.js';
import { SubjectRecorder } from './subjects/subject-recorder.js';
import { UsageDeletionStore } from './subjects/usage-deletion.store.js';
import { UsageDenialStore } from './subjects/usage-denial.store.js';
import { UsageKeyStore } from './subjects/usage-key.store.js';
import { UsageSubjectStore } from './subjects/usage-subject.store.js';
import { UsageJobs } from './usage-jobs.js';
import { UsageMeter } from './usage-meter.js';
import { UsageForecaster } from './usage-forecaster.js';
import { UsageRetention } from './usage-retention.js';
import { UsageMetrics } from './usage-metrics.js';
import { UsageReader } from './usage-reader.js';
import { UsageReadingController } from './usage-reading.controller.js';
import { UsageWarnings } from './usage-warnings.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

/** Who uses the product, and how many seats that takes. Renewals see of it what the domain's `IssuerReporting` says. */
@Global()
@Module({
  controllers: [UsageController, UsageReadingController, UsageSessionsController],
  providers: [
    CurrentTerms,
    UsageClock,
    UsageSubjectStore,
    UsageDenialStore,
    UsageDeletionStore,
    UsageDayStore,
    UsageKeyStore,
    SubjectHasher,
    SubjectRecorder,
    ActiveSubjects,
    UsageMeter,
    UsageDays,
    SeenBuffer,
    Refusals,
    Admissions,
    SubjectDeletions,
    UsageService,
    UsageMetrics,
    UsageWarnings,
    UsageReader,
    UsageForecaster,
    UsageSessionStore,
    UsageSessions,
    UsageRetention,
    UsageJobs,
    IssuerReportStore,
    IssuerReportMetrics,
    IssuerReports,
    { provide: ISSUER_REPORTING, useExisting: IssuerReports },
  ],
  exports: [UsageJobs, ISSUER_REPORTING],
})
export class UsageModule {}
