import { Module } from '@nestjs/common';
import { IssuerModule } from '../issuer/issuer.module.js';
import { AnswerLog } from './answer-log.js';
import { LicenseHistory } from './license-history.js';
import { LicenseInstaller } from './license-installer.js';
import { ExplanationController } from './explanation.controller.js';
import { LicenseExplainer } from './license-explainer.js';
import { LicenseKeyStore } from './license-key.store.js';
import { LicenseMarkStore } from './license-mark.store.js';
import { LicenseMetrics } from './license-metrics.js';
import { LicenseQueue } from './license-queue.js';
import { LicenseReader } from './license.reader.js';
import { LicenseRenewal } from './license-renewal.js';
import { LicenseRevoker } from './license-revoker.js';
import { LicenseSources } from './license-sources.js';
import { LicenseStore } from './license.store.js';
import { ExpiryMarker } from './expiry-marker.js';
import { HistoryController } from './history.controller.js';
import { LicensingController } from './licensing.controller.js';
import { LicensingService } from './licensing.service.js';
import { LocalLicenseVerifier } from './local-license.verifier.js';
import { RenewalAnswerReader } from './renewal-answer.reader.js';
import { RenewalCall } from './renewal-call.js';
import { RenewalJournal } from './renewal-journal.js';
import { RenewalScheduler } from './renewal-scheduler.js';
import { RenewalController } from './renewal.controller.js';
import { RenewalReporter } from './renewal.reporter.js';
import { RenewalStore } from './renewal.store.js';

/** The license: held, checked, renewed. */
@Module({
  imports: [IssuerModule],
  controllers: [LicensingController, ExplanationController, HistoryController, RenewalController],
  providers: [
    LicenseStore,
    LicenseMarkStore,
    LicenseReader,
    LicenseExplainer,
    LicenseMetrics,
    LicenseKeyStore,
    LocalLicenseVerifier,
    LicenseSources,
    LicenseQueue,
    LicenseInstaller,
    LicenseHistory,
    LicenseRevoker,
    ExpiryMarker,
    AnswerLog,
    RenewalStore,
    RenewalJournal,
    RenewalAnswerReader,
    RenewalCall,
    RenewalScheduler,
    RenewalReporter,
    LicenseRenewal,
    LicensingService,
  ],
  exports: [LicensingService, AnswerLog, ExpiryMarker, LicenseSources, LicenseQueue, RenewalScheduler],
})
export class LicensingModule {}
