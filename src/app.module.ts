import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { AccessModule } from './access/access.module.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { AuditModule } from './audit/audit.module.js';
import { RefusalRecorder } from './audit/refusal-recorder.js';
import { BOOT, type ReadBoot, systemBoot } from './clock/boot.js';
import { ClockModule } from './clock/clock.module.js';
import { SERVICE_CONFIG, type ServiceConfig } from './config/service-config.js';
import { DatabaseModule } from './database/database.module.js';
import { askServer, SERVER_TIME, type ServerTime } from './database/server-time.js';
import { SERVICE_SCHEMA } from './schema/service-schema.js';
import { type Clock, CLOCK } from './domain/clock.js';
import { HealthModule } from './health/health.module.js';
import { ErrorFilter } from './http/error.filter.js';
import { provideGlobally } from './http/provide-globally.js';
import { LicensingModule } from './licensing/licensing.module.js';
import { Metrics } from './metrics/metrics.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OpenApiController } from './http/openapi.controller.js';
import { SnapshotModule } from './snapshot/snapshot.module.js';
import { UiModule } from './ui/ui.module.js';
import { UsageModule } from './usage/usage.module.js';

/** The composition root of the service. */
@Module({})
export class AppModule {
  static of(
    config: ServiceConfig,
    clock: Clock,
    serverTime: ServerTime = askServer,
    boot: ReadBoot = systemBoot,
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        provideGlobally([
          { provide: SERVICE_CONFIG, useValue: config },
          { provide: CLOCK, useValue: clock },
          { provide: SERVER_TIME, useValue: serverTime },
          { provide: BOOT, useValue: boot },
        ]),
        MetricsModule,
        DatabaseModule.forRoot(config.database, SERVICE_SCHEMA, 'service'),
        ClockModule,
        SnapshotModule,
        AuditModule,
        AccessModule,
        AccountsModule,
        LicensingModule,
        UsageModule,
        HealthModule,
        ...(config.ui ? [UiModule] : []),
      ],
      controllers: [OpenApiController],
      providers: [
        {
          provide: APP_FILTER,
          useFactory: (host: HttpAdapterHost, metrics: Metrics, recorder: RefusalRecorder) =>
            new ErrorFilter(host, metrics, (refusal) => recorder.note(refusal)),
          inject: [HttpAdapterHost, Metrics, RefusalRecorder],
        },
      ],
    };
  }
}
