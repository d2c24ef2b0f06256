import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { BOOT, type ReadBoot, systemBoot } from '../clock/boot.js';
import { ClockWatch } from '../clock/clock-watch.js';
import { askServer, SERVER_TIME, type ServerTime } from '../database/server-time.js';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../config/issuer-server-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { MetricsController } from '../http/metrics.controller.js';
import { ErrorFilter } from '../http/error.filter.js';
import { provideGlobally } from '../http/provide-globally.js';
import { Metrics } from '../metrics/metrics.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { AdministrationController } from './administration/administration.controller.js';
import { AdminTokenGuard } from './administration/admin-token.guard.js';
import { LocalAdministration } from './administration/local-administration.js';
import { ISSUER_SERVER_SCHEMA } from './issuer-server-schema.js';
import { IssuerServerController } from './issuer-server.controller.js';
import { ConfirmedClock } from './record/confirmed-clock.js';
import { IssuerIdentity } from './record/issuer-identity.js';
import { IssuerRecordStore } from './record/issuer-record.store.js';
import { OwnDatabase } from './record/own-database.js';
import { KeyAdministration } from './keys/key-administration.js';
import { IssuedLicenseStore } from './licenses/issued-license.store.js';
import { LicenseAdministration } from './licenses/license-administration.js';
import { LicenseHistoryStore } from './licenses/license-history.store.js';
import { LicenseRegister } from './licenses/license-register.js';
import { LicenseSigner } from './licenses/license-signer.js';
import { PrivateKeys } from './keys/private-keys.js';
import { RenewalBatches } from './renewals/renewal-batches.js';
import { IssuedRenewalStore } from './renewals/issued-renewal.store.js';
import { Renewals } from './renewals/renewals.js';
import { UnreadBodies } from './renewals/unread-bodies.js';
import { VerifiedTokens } from './renewals/verified-tokens.js';
import { SigningKeyStore } from './keys/signing-key.store.js';
import { SigningKeyTimes } from './keys/signing-key-times.js';
import { SigningKeys } from './keys/signing-keys.js';
import { UsageReportStore } from './usage/usage-report.store.js';
import { UsageReports } from './usage/usage-reports.js';
import { UsageWarnings } from './usage/usage-warnings.js';

/** The composition root of the self-hosted issuer. */
@Module({})
export class IssuerServerModule {
  static of(
    config: IssuerServerConfig,
    clock: Clock,
    serverTime: ServerTime = askServer,
    boot: ReadBoot = systemBoot,
  ): DynamicModule {
    return {
      module: IssuerServerModule,
      imports: [
        provideGlobally([
          { provide: ISSUER_SERVER_CONFIG, useValue: config },
          { provide: CLOCK, useValue: clock },
          { provide: SERVER_TIME, useValue: serverTime },
          { provide: BOOT, useValue: boot },
        ]),
        MetricsModule,
        DatabaseModule.forRoot(config.database, ISSUER_SERVER_SCHEMA, 'issuer-server'),
      ],
      controllers: [
        IssuerServerController,
        MetricsController,
        ...(config.adminToken === undefined ? [] : [AdministrationController]),
      ],
      providers: [
        ClockWatch,
        IssuerRecordStore,
        IssuerIdentity,
        OwnDatabase,
        ConfirmedClock,
        PrivateKeys,
        SigningKeyStore,
        SigningKeys,
        SigningKeyTimes,
        IssuedLicenseStore,
        LicenseHistoryStore,
        LicenseSigner,
        KeyAdministration,
        LicenseAdministration,
        LicenseRegister,
        RenewalBatches,
        IssuedRenewalStore,
        UnreadBodies,
        VerifiedTokens,
        UsageReportStore,
        UsageReports,
        UsageWarnings,
        Renewals,
        LocalAdministration,
        AdminTokenGuard,
        {
          provide: APP_FILTER,
          useFactory: (host: HttpAdapterHost, metrics: Metrics) => new ErrorFilter(host, metrics),
          inject: [HttpAdapterHost, Metrics],
        },
      ],
    };
  }
}
