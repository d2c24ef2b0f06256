import { Module } from '@nestjs/common';
import { IssuerModule } from '../issuer/issuer.module.js';
import { LicenseKeyStore } from './license-key.store.js';
import { LicenseMetrics } from './license-metrics.js';
import { LicenseReader } from './license.reader.js';
import { LicenseRenewal } from './license-renewal.js';
import { LicenseRevoker } from './license-revoker.js';
import { LicenseSources } from './license-sources.js';
import { LicenseStore } from './license.store.js';
import { LicensingController } from './licensing.controller.js';
import { LicensingService } from './licensing.service.js';
import { LocalLicenseVerifier } from './local-license.verifier.js';

/** The license: held, checked, renewed. */
@Module({
  imports: [IssuerModule],
  controllers: [LicensingController],
  providers: [
    LicenseStore,
    LicenseReader,
    LicenseMetrics,
    LicenseKeyStore,
    LocalLicenseVerifier,
    LicenseSources,
    LicenseRevoker,
    LicenseRenewal,
    LicensingService,
  ],
  exports: [LicensingService, LicenseSources],
})
export class LicensingModule {}
