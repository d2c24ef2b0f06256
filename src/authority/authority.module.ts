import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { ClockWatch } from '../clock/clock-watch.js';
import { askServer, SERVER_TIME, type ServerTime } from '../clock/server-time.js';
import { AUTHORITY_CONFIG, type AuthorityConfig } from '../config/authority-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { MetricsController } from '../health/metrics.controller.js';
import { ErrorFilter } from '../http/error.filter.js';
import { provideGlobally } from '../http/provide-globally.js';
import { Metrics } from '../metrics/metrics.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { AUTHORITY_SCHEMA } from './authority-schema.js';
import { AuthorityController } from './authority.controller.js';
import { ConfirmedClock } from './confirmed-clock.js';
import { IssuerIdentity } from './issuer-identity.js';
import { IssuerRecordStore } from './issuer-record.store.js';
import { KeyAdministration } from './key-administration.js';
import { LicenseAuthority } from './license-authority.js';
import { LicenseHistoryStore } from './license-history.store.js';
import { LicenseRegister } from './license-register.js';
import { LicenseSigner } from './license-signer.js';
import { PrivateKeys } from './private-keys.js';
import { RenewalBatches } from './renewal-batches.js';
import { RenewalStore } from './renewal.store.js';
import { Renewals } from './renewals.js';
import { SigningKeyStore } from './signing-key.store.js';
import { SigningKeys } from './signing-keys.js';

/** The composition root of the self-hosted issuer. */
@Module({})
export class AuthorityModule {
  static of(config: AuthorityConfig, clock: Clock, serverTime: ServerTime = askServer): DynamicModule {
    return {
      module: AuthorityModule,
      imports: [
        provideGlobally([
          { provide: AUTHORITY_CONFIG, useValue: config },
          { provide: CLOCK, useValue: clock },
          { provide: SERVER_TIME, useValue: serverTime },
        ]),
        MetricsModule,
        DatabaseModule.forRoot(config.database, AUTHORITY_SCHEMA, 'authority'),
      ],
      controllers: [AuthorityController, MetricsController],
      providers: [
        ClockWatch,
        IssuerRecordStore,
        IssuerIdentity,
        ConfirmedClock,
        PrivateKeys,
        SigningKeyStore,
        SigningKeys,
        LicenseHistoryStore,
        LicenseSigner,
        KeyAdministration,
        LicenseAuthority,
        LicenseRegister,
        RenewalBatches,
        RenewalStore,
        Renewals,
        {
          provide: APP_FILTER,
          useFactory: (host: HttpAdapterHost, metrics: Metrics) => new ErrorFilter(host, metrics),
          inject: [HttpAdapterHost, Metrics],
        },
      ],
    };
  }
}
