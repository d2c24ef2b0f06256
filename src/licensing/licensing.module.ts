import { Module } from '@nestjs/common';
import { IssuerModule } from '../issuer/issuer.module.js';
import { LicenseReader } from './license.reader.js';
import { LicenseRenewal } from './license-renewal.js';
import { LicenseStore } from './license.store.js';
import { LicensingController } from './licensing.controller.js';
import { LicensingService } from './licensing.service.js';

/** The license: held, checked, renewed. */
@Module({
  imports: [IssuerModule],
  controllers: [LicensingController],
  providers: [LicenseStore, LicenseReader, LicenseRenewal, LicensingService],
  exports: [LicensingService],
})
export class LicensingModule {}
