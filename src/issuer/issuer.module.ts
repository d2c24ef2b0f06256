import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { IssuerHttp } from './issuer-http.js';
import { IssuerKeys } from './issuer-keys.js';
import { KeySetStore } from './key-set.store.js';
import { LicenseIssuer } from './license-issuer.js';

/** The upstream: renewal of tokens and the keys that they are signed with. */
@Module({
  imports: [HttpModule],
  providers: [IssuerHttp, LicenseIssuer, KeySetStore, IssuerKeys],
  exports: [LicenseIssuer, IssuerKeys],
})
export class IssuerModule {}
