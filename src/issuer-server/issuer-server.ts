import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import type { ReadBoot } from '../clock/boot.js';
import type { ServerTime } from '../database/server-time.js';
import type { IssuerServerConfig } from '../config/issuer-server-config.js';
import { Database } from '../database/database.js';
import { isThere } from '../database/embedded/directory-answer.js';
import { explainUnavailable } from '../database/explain-unavailable.js';
import { type Clock, systemClock } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { HttpApplication } from '../http/http-application.js';
import { LocalAdministration } from './administration/local-administration.js';
import { IssuerServerModule } from './issuer-server.module.js';
import { ConfirmedClock } from './record/confirmed-clock.js';
import { IssuerIdentity } from './record/issuer-identity.js';
import { KeyAdministration } from './keys/key-administration.js';
import { LicenseAdministration } from './licenses/license-administration.js';
import { LicenseRegister } from './licenses/license-register.js';
import { SigningKeyTimes } from './keys/signing-key-times.js';
import { SigningKeys } from './keys/signing-keys.js';

/** How long to wait between two tries to reach the database, milliseconds. */
const RETRY_MS = 1_000;
/** Every so many tries the log says again what is missing. */
const TRIES_PER_LINE = 30;

/** The issuer, listening. */
export interface RunningIssuerServer {
  /** Where it listens, `http://host:port`. */
  readonly url: string;
  readonly application: HttpApplication;
  readonly issuer: LicenseAdministration;
}

/** What an operator works with. */
export interface IssuerServerServices {
  readonly issuer: LicenseAdministration;
  readonly register: LicenseRegister;
  readonly keys: KeyAdministration;
  readonly clock: ConfirmedClock;
  /** What all of them do, by the interface that the running issuer has too. */
  readonly administration: LocalAdministration;
}

/** Where the issuer differs from one that serves. */
export interface IssuerServerOptions {
  /** Where the time comes from: the machine's clock unless given. */
  readonly clock?: Clock;
  /** How a database server is asked for its time. */
  readonly serverTime?: ServerTime;
  /** Which run of the machine this is: by its kernel unless given. */
  readonly boot?: ReadBoot;
  /** An operator is present: the clock is right, however long the issuer was not used. */
  readonly attended?: boolean;
  /** A database that belongs to no issuer yet becomes that of ISSUER_ID. What serves does so always. */
  readonly claims?: boolean;
  /** Whether it may sign, which needs the private part of the active key: unless given, it does. */
  readonly signs?: boolean;
}

/**
 * The directory of an embedded database that is not there; undefined where it is, and for all others.
 * @throws EmbeddedDirectoryError where its file system hangs
 */
export async function missingDirectory({
  database: { location },
}: IssuerServerConfig): Promise<string | undefined> {
  return location.kind !== 'embedded' || (await isThere(location.directory)) ? undefined : location.directory;
}

/**
 * Starts the issuer: the database and the keys first, then the listener. It has nothing to say without its database,
 * so it waits for one that is away.
 *
 * @throws ConfigError where the database belongs to another issuer; EmbeddedDirectoryInUseError,
 *   PendingMigrationsError, PermanentFaultError, and what the listener cannot do
 */
export async function startIssuerServer(
  config: IssuerServerConfig,
  logger: Logger,
  { clock = systemClock, serverTime, boot, attended = false }: IssuerServerOptions = {},
): Promise<RunningIssuerServer> {
  const application = await HttpApplication.create(IssuerServerModule.of(config, clock, serverTime, boot), {
    logger,
    quietRoute: '/healthz',
    limits: { keepAliveSeconds: config.keepAliveSeconds },
    onClosed: () => application.nest.get(Database).assertEnded(),
  });
  try {
    await startWhenAvailable(application.nest, logger, attended);
    application.nest.get(ConfirmedClock).keepLooking();
    await application.nest.get(LicenseRegister).warnOfAhead();
    await application.nest.get(SigningKeyTimes).start();
    // The quickstart's keys are for trying out.
    if (!attended) application.nest.get(SigningKeys).warnOfClear();
    const url = await application.listen(config.listen.host, config.listen.port);
    return { url, application, issuer: application.nest.get(LicenseAdministration) };
  } catch (error) {
    await application.close();
    throw error;
  }
}

/**
 * Does something with the issuer that does not listen, then closes it. Nothing is logged: standard output
 * belongs to the calling command.
 *
 * @throws ConfigError where the database belongs to another issuer; ServiceError `database.unavailable`,
 * EmbeddedDirectoryInUseError, PendingMigrationsError
 */
export async function withIssuerServer<T>(
  config: IssuerServerConfig,
  work: (services: IssuerServerServices) => Promise<T>,
  {
    clock = systemClock,
    serverTime,
    boot,
    attended = false,
    claims = false,
    signs = true,
  }: IssuerServerOptions = {},
): Promise<T> {
  const nest = await NestFactory.createApplicationContext(
    IssuerServerModule.of(config, clock, serverTime, boot),
    {
      logger: false,
      abortOnError: false,
    },
  );
  try {
    await start(nest, { attended, claims, signs });
    return await work({
      issuer: nest.get(LicenseAdministration),
      register: nest.get(LicenseRegister),
      keys: nest.get(KeyAdministration),
      clock: nest.get(ConfirmedClock),
      administration: nest.get(LocalAdministration),
    });
  } finally {
    await nest.close();
  }
}

/**
 * Makes the database that of the configured ISSUER_ID.
 * @returns the ISSUER_ID before
 * @throws as {@link withIssuerServer}
 */
export async function changeIssuerId(config: IssuerServerConfig): Promise<string> {
  const nest = await NestFactory.createApplicationContext(IssuerServerModule.of(config, systemClock), {
    logger: false,
    abortOnError: false,
  });
  try {
    await nest.get(Database).start();
    return await nest.get(IssuerIdentity).change();
  } finally {
    await nest.close();
  }
}

async function start(
  nest: INestApplicationContext,
  { attended, claims, signs }: Required<Pick<IssuerServerOptions, 'attended' | 'claims' | 'signs'>>,
): Promise<void> {
  await nest.get(Database).start();
  await nest.get(IssuerIdentity).start(claims);
  await nest.get(SigningKeys).start(signs);
  const clock = nest.get(ConfirmedClock);
  if (attended) await clock.confirm();
  await clock.start();
}

async function startWhenAvailable(
  nest: INestApplicationContext,
  logger: Logger,
  attended: boolean,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(nest, { attended, claims: true, signs: true });
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'database.unavailable') throw error;
      if (tries % TRIES_PER_LINE === 1) {
        logger.error({
          msg: 'the database is not available: waiting for it',
          reason: explainUnavailable(error),
        });
      }
    }
    await sleep(RETRY_MS);
  }
}
