import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import type { AuthorityConfig } from '../config/authority-config.js';
import { Database } from '../database/database.js';
import { type Clock, systemClock } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { HttpApplication } from '../http/http-application.js';
import { AuthorityModule } from './authority.module.js';
import { LicenseAuthority } from './license-authority.js';
import { SigningKeys } from './signing-keys.js';

/** How long to wait between two tries to reach the database, milliseconds. */
const RETRY_MS = 1_000;

/** The issuer, listening. */
export interface RunningAuthority {
  /** Where it listens, `http://host:port`. */
  readonly url: string;
  readonly application: HttpApplication;
  readonly issuer: LicenseAuthority;
}

/**
 * Starts the issuer: the database and the keys first, then the listener. It has nothing to say without its database,
 * so it waits for one that is away.
 *
 * @throws EmbeddedDirectoryInUseError, PendingMigrationsError, and what the listener cannot do
 */
export async function startAuthority(
  config: AuthorityConfig,
  logger: Logger,
  clock: Clock = systemClock,
): Promise<RunningAuthority> {
  const application = await HttpApplication.create(AuthorityModule.of(config, clock), {
    logger,
    quietRoute: '/healthz',
    limits: { keepAliveSeconds: config.keepAliveSeconds },
  });
  try {
    await startWhenAvailable(application.nest, logger);
    const url = await application.listen(config.listen.host, config.listen.port);
    return { url, application, issuer: application.nest.get(LicenseAuthority) };
  } catch (error) {
    await application.close();
    throw error;
  }
}

/**
 * Does something with the issuer that does not listen, then closes it. Nothing is logged: standard output belongs to
 * whoever calls.
 *
 * @throws ServiceError `database.unavailable`, EmbeddedDirectoryInUseError, PendingMigrationsError
 */
export async function withAuthority<T>(
  config: AuthorityConfig,
  work: (issuer: LicenseAuthority) => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const nest = await NestFactory.createApplicationContext(AuthorityModule.of(config, clock), {
    logger: false,
    abortOnError: false,
  });
  try {
    await start(nest);
    return await work(nest.get(LicenseAuthority));
  } finally {
    await nest.close();
  }
}

async function start(nest: INestApplicationContext): Promise<void> {
  await nest.get(Database).start();
  await nest.get(SigningKeys).start();
}

async function startWhenAvailable(nest: INestApplicationContext, logger: Logger): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(nest);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'database.unavailable') throw error;
      if (tries === 1) logger.error({ msg: 'the database is not available: waiting for it', err: error });
    }
    await sleep(RETRY_MS);
  }
}
