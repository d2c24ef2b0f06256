import { Global, Module } from '@nestjs/common';
import { ACTIVE_LICENSE } from '../domain/license/active-license.js';
import { IssuerModule } from '../issuer/issuer.module.js';
import { LicenseEncryption } from './encryption/license-encryption.js';
import { SealedTokenStore } from './encryption/sealed-token.store.js';
import { AnswerLog } from './explain/answer-log.js';
import { LicenseHistory } from './history/license-history.js';
import { LicenseCipher } from './license/license-cipher.js';
import { LicenseInstaller } from './install/license-installer.js';
import { ExplanationController } from './explain/explanation.controller.js';
import { LicenseExplainer } from './explain/license-explainer.js';
import { LicenseKeyStore } from './sources/license-key.store.js';
import { LicenseMarkStore } from './license/license-mark.store.js';
import { LicenseMetrics } from './license/license-metrics.js';
import { LicenseQueue } from './terms/license-queue.js';
import { LicenseReader } from './license/license-reader.js';
import { LicenseRenewal } from './renewal/license-renewal.js';
import { LicenseRevoker } from './renewal/license-revoker.js';
import { LicenseSources } from './sources/license-sources.js';
import { LicenseStore } from './license/license.store.js';
import { StoredLicenseLoader } from './license/stored-license-loader.js';
import { TokenVerifier } from './license/token-verifier.js';
import { ExpiryMarker } from './terms/expiry-marker.js';
import { HistoryController } from './history/history.controller.js';
import { LicensingController } from './licensing.controller.js';
import { LicensingService } from './licensing.service.js';
import { LocalLicenseVerifier } from './sources/local-license-verifier.js';
import { RenewalAnswerReader } from './renewal/renewal-answer-reader.js';
import { RenewalCall } from './renewal/renewal-call.js';
import { RenewalJournal } from './renewal/renewal-journal.js';
import { RenewalScheduler } from './renewal/renewal-scheduler.js';
import { RenewalController } from './renewal/renewal.controller.js';
import { RenewalReporter } from './renewal/renewal-reporter.js';
import { RenewalStore } from './renewal/renewal.store.js';

/** The license: stored, checked, renewed. Other modules see of it what the domain's `ActiveLicense` says. */
@Global()
@Module({
  imports: [IssuerModule],
  controllers: [LicensingController, ExplanationController, HistoryController, RenewalController],
  providers: [
    LicenseCipher,
    LicenseStore,
    SealedTokenStore,
    LicenseEncryption,
    StoredLicenseLoader,
    TokenVerifier,
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
    { provide: ACTIVE_LICENSE, useExisting: LicenseReader },
  ],
  exports: [
    ACTIVE_LICENSE,
    LicenseEncryption,
    LicenseInstaller,
    AnswerLog,
    ExpiryMarker,
    LicenseSources,
    LicenseQueue,
    RenewalScheduler,
  ],
})
export class LicensingModule {}
