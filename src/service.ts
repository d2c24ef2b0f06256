import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { Provisioner } from './accounts/provisioning/provisioner.js';
import type { ReadBoot } from './clock/boot.js';
import { AuditRetention } from './audit/audit-retention.js';
import { AuditSealer } from './audit/audit-sealer.js';
import { RefusalRecorder } from './audit/refusal-recorder.js';
import { ClockWatch } from './clock/clock-watch.js';
import { DatabaseClock } from './clock/database-clock.js';
import type { ServiceConfig } from './config/service-config.js';
import { Database } from './database/database.js';
import type { ServerTime } from './database/server-time.js';
import { type Clock, systemClock } from './domain/clock.js';
import { ServiceError } from './domain/service-error.js';
import { ProcessState } from './health/process-state.js';
import { clientAddress } from './http/client-address.js';
import { HttpApplication } from './http/http-application.js';
import type { Basis, ReplayedRoutes } from './http/replay.js';
import { fromUnnamedProxy } from './http/unnamed-proxy.js';
import { IssuerKeys } from './issuer/issuer-keys.js';
import { AnswerLog } from './licensing/explain/answer-log.js';
import { ExpiryMarker } from './licensing/terms/expiry-marker.js';
import { LicenseEncryption } from './licensing/encryption/license-encryption.js';
import { LicenseReader } from './licensing/license/license-reader.js';
import { LicenseQueue } from './licensing/terms/license-queue.js';
import { LicenseSources } from './licensing/sources/license-sources.js';
import { RenewalReporter } from './licensing/renewal/renewal-reporter.js';
import { RenewalScheduler } from './licensing/renewal/renewal-scheduler.js';
import { SnapshotService } from './snapshot/snapshot.service.js';
import { explainFailure, isFinal } from './start-failure.js';
import { Page } from './ui/page.js';
import { UsageJobs } from './usage/usage-jobs.js';

const CHECK = '/api/licensing/check';
/** How long to wait between two tries to reach the database, milliseconds. */
const RETRY_MS = 1_000;
/** Every so many tries the log says again what is missing. */
const TRIES_PER_LINE = 30;

/** The service, listening. */
export interface RunningService {
  /** Where it listens, `http://host:port`. */
  readonly url: string;
  readonly application: HttpApplication;
  /**
   * Resolves with the error that a background start cannot recover from; undefined when it succeeded or the
   * process ends.
   */
  readonly failure: Promise<unknown>;
}

type Preparation = (application: HttpApplication) => Promise<void>;

/** How the service is started. */
export interface ServiceOptions {
  /** Where the time comes from: the machine's clock unless given. */
  readonly clock?: Clock;
  /** What time it is for the database's server: that of its clock unless given. */
  readonly serverTime?: ServerTime;
  /** The run of the machine: by its kernel unless given. */
  readonly boot?: ReadBoot;
  /** Whether it listens and retries while its database is away, as it does unless given; else the start fails. */
  readonly waits?: boolean;
  /** What is done once the database is read, before the log says whether the product is licensed. */
  readonly prepare?: Preparation;
}

/**
 * Starts the service: the database first, then the listener. A database that is away does not keep it from starting:
 * it listens, says that it is not ready, and goes on trying. The same holds for a file of keys that cannot be read.
 *
 * @throws EmbeddedDirectoryInUseError, PendingMigrationsError, PermanentFaultError, and what the listener cannot do;
 * ServiceError `database.unavailable` where it does not wait
 */
export async function startService(
  config: ServiceConfig,
  logger: Logger,
  {
    clock = systemClock,
    serverTime,
    boot,
    waits = true,
    prepare = async () => undefined,
  }: ServiceOptions = {},
): Promise<RunningService> {
  const application = await HttpApplication.create(AppModule.of(config, clock, serverTime, boot), {
    logger,
    quietRoute: CHECK,
    replayed,
    page: (nest) => (config.ui ? nest.get(Page).answer : undefined),
    limits: {
      clientOf: clientAddress(config.http.trustedProxies),
      isFromUnnamedProxy: fromUnnamedProxy(config.http.trustedProxies),
      maxConnections: config.http.maxConnections,
      keepAliveSeconds: config.http.keepAliveSeconds,
      subPath: config.http.subPath,
    },
    onDrain: () => application.nest.get(ProcessState).drain(),
    onClosed: () => application.nest.get(Database).assertEnded(),
  });
  let failure: Promise<unknown> = Promise.resolve();
  try {
    await start(application, prepare);
  } catch (error) {
    if (!waits || !isUnavailable(error)) {
      await application.close();
      throw error;
    }
    const reason = explainFailure(error);
    logger.error({ msg: 'not everything is available: starting without it, and trying again', reason });
    failure = heal(application, logger, prepare);
  }
  try {
    const url = await application.listen(config.listen.host, config.listen.port);
    return { url, application, failure };
  } catch (error) {
    await application.close();
    throw error;
  }
}

/** What can be answered again as long as nothing can have changed. */
function replayed(nest: INestApplication): ReplayedRoutes {
  const { basis } = nest.get(LicenseReader);
  return new Map<string, Basis>([
    [CHECK, basis],
    ['/api/licensing/token', basis],
    ['/api/licensing/check/explain', basis],
    ['/api/licensing/timeline', basis],
    ['/api/licensing/renewal', nest.get(RenewalReporter).basis],
  ]);
}

async function start(application: HttpApplication, prepare: Preparation): Promise<void> {
  const { nest } = application;
  await nest.get(Database).start();
  await nest.get(LicenseEncryption).start();
  await nest.get(IssuerKeys).start();
  await nest.get(LicenseSources).start();
  await nest.get(SnapshotService).start();
  await nest.get(Provisioner).start();
  nest.get(ClockWatch).start();
  await nest.get(DatabaseClock).start();
  nest.get(ExpiryMarker).start();
  nest.get(LicenseQueue).start();
  nest.get(RenewalScheduler).start();
  nest.get(RefusalRecorder).start();
  nest.get(AuditSealer).start();
  nest.get(AuditRetention).start();
  await nest.get(UsageJobs).start();
  await prepare(application);
  nest.get(AnswerLog).start();
}

/** @returns the error that no retry fixes; undefined when everything is available, or the process ends */
async function heal(application: HttpApplication, logger: Logger, prepare: Preparation): Promise<unknown> {
  const state = application.nest.get(ProcessState);
  for (let tries = 1; !state.draining; tries += 1) {
    await sleep(RETRY_MS, undefined, { ref: false });
    if (state.draining) return undefined;
    try {
      await start(application, prepare);
      logger.info({ msg: 'everything is available: ready' });
      return undefined;
    } catch (error) {
      if (isFinal(error)) return error;
      if (tries % TRIES_PER_LINE === 0 || !isUnavailable(error)) {
        logger.error({
          msg: 'not everything is available yet: trying again',
          reason: explainFailure(error),
        });
      }
    }
  }
  return undefined;
}

/** The database is away, or the keys that the operator named are: either can come back. */
function isUnavailable(error: unknown): boolean {
  return error instanceof ServiceError && ['database.unavailable', 'issuer.unavailable'].includes(error.code);
}
