import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { hasAdministrator } from '../config/access-config.js';
import { ConfigError, type Environment } from '../config/environment.js';
import { readFilesAhead } from '../config/read-files-ahead.js';
import type { ServiceConfig } from '../config/service-config.js';
import { systemClock } from '../domain/clock.js';
import { SERVICE_PROGRAM } from '../service-program.js';
import { type DatabaseExamination, examineDatabase } from './database-probe.js';
import { failed, sentence } from './failure.js';
import { type Finding, findingsOf } from './finding.js';
import { examineIssuer } from './issuer-probe.js';
import { examineLicense, type LicenseWitness, ownWitness } from './license-probe.js';
import { examineDisk, examineLimits } from './machine-probe.js';
import type { Probes } from './probe.js';

const CONFIGURATION = findingsOf('configuration');
const SERVICE = findingsOf('service');
const LICENSE = findingsOf('license');
const CONFIGURATION_MS = 15_000;
const SERVICE_MS = 10_000;
const CLOSE_MS = 10_000;

/** A service that may run, over HTTP. */
export interface RemoteService extends LicenseWitness {
  readonly url: string;
  /** Whether it can be asked about the license: without a token it cannot. */
  readonly hasToken: boolean;
  /** What its probe says; undefined where no service answers. @returns a sentence why it is not ready */
  readiness(): Promise<{ readonly ready: boolean; readonly reason: string } | undefined>;
}

/** A service that cannot be asked, because what says who asks cannot be read. */
export interface UnreadService {
  readonly unread: string;
  readonly next: string | undefined;
}

/**
 * Looks at everything that a service needs, with the classes that it starts with. It changes nothing but the saved copy
 * of the issuer's keys, as a running service does.
 *
 * @param remoteOf - the service that may run with this configuration
 */
export async function examine(
  environment: Environment,
  remoteOf: (config: ServiceConfig) => Promise<RemoteService | UnreadService>,
  probes: Probes,
): Promise<readonly Finding[]> {
  const { config, findings } = await examineConfiguration(environment, probes);
  if (config === undefined) return findings;
  const remote = await remoteOf(config);
  // Migrations are looked at, and none is run.
  const own = { ...config, database: { ...config.database, migrations: 'check' as const } };
  const nest = await NestFactory.createApplicationContext(AppModule.of(own, systemClock), {
    logger: false,
    abortOnError: false,
  });
  try {
    const [service, database, issuer, disk] = await Promise.all([
      examineService(remote, probes),
      examineDatabase(nest, config, probes),
      examineIssuer(nest, config.issuer, probes),
      examineDisk(config.database.location, probes),
    ]);
    const [limits, license] = await Promise.all([
      examineLimits(config.http.maxConnections, database.holder, probes),
      licenseOf(nest, config, database.state, remote, probes),
    ]);
    return [...findings, ...service, ...database.findings, ...issuer, ...license, ...disk, ...limits];
  } finally {
    const work = async () => nest.close();
    await probes.look('database', 'end', CLOSE_MS, work, (error) => failed(SERVICE, 'end', error));
  }
}

async function examineConfiguration(
  environment: Environment,
  probes: Probes,
): Promise<{ config?: ServiceConfig; findings: readonly Finding[] }> {
  const told = { cause: 'configuration', next: 'Correct it (docs/configuration.md).' } as const;
  const found: Finding[] = SERVICE_PROGRAM.hints(environment).map((hint) =>
    CONFIGURATION.warn('settings', sentence(hint), told),
  );
  const { value: config, faults } = await probes.look(
    ...(['configuration', 'settings', CONFIGURATION_MS] as const),
    async () => {
      await readFilesAhead(SERVICE_PROGRAM.settings, environment);
      try {
        return SERVICE_PROGRAM.load(environment);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        found.push(...error.faults.map((fault) => CONFIGURATION.fail('settings', sentence(fault), told)));
        return undefined;
      }
    },
    (error) => failed(CONFIGURATION, 'settings', error, 'configuration'),
  );
  const files = await probes.look(
    ...(['configuration', 'files', CONFIGURATION_MS] as const),
    async () => (await SERVICE_PROGRAM.inspect?.(environment)) ?? [],
    (error) => failed(CONFIGURATION, 'files', error, 'configuration'),
  );
  const remarks = (files.value ?? []).map((remark) => CONFIGURATION.warn('files', sentence(remark), told));
  const findings = [...found, ...faults, ...files.faults, ...remarks];
  if (config === undefined) return { findings };
  if (!hasAdministrator(config.access)) {
    const message =
      'The configuration names no administrator: only accounts in the database can call the service.';
    findings.push(
      CONFIGURATION.warn('administrator', message, {
        next: 'Set BOOTSTRAP_TOKEN_FILE or ADMINISTRATORS_FILE.',
      }),
    );
  }
  if (findings.length > 0) return { config, findings };
  return { config, findings: [CONFIGURATION.ok('settings', 'The configuration can be used.')] };
}

async function examineService(
  remote: RemoteService | UnreadService,
  probes: Probes,
): Promise<readonly Finding[]> {
  if ('unread' in remote)
    return [SERVICE.unseen('readiness', sentence(remote.unread), { next: remote.next ?? null })];
  const { value, faults } = await probes.look(
    ...(['service', 'readiness', SERVICE_MS] as const),
    async () => {
      const found = await remote.readiness();
      if (found === undefined) {
        const next = 'Run "licentia serve", or name the service with --url if it runs.';
        return SERVICE.warn('readiness', `No service answers at ${remote.url}.`, { cause: 'connect', next });
      }
      return found.ready
        ? SERVICE.ok('readiness', `The service at ${remote.url} is ready.`)
        : SERVICE.fail('readiness', sentence(`The service at ${remote.url} is not ready: ${found.reason}`), {
            next: 'The lines below show what is missing; so does its log.',
          });
    },
    (error) => failed(SERVICE, 'readiness', error),
  );
  return value === undefined ? faults : [value];
}

/** Why the license cannot be read, and what to do first. */
const UNREAD = {
  'in-use': [
    'The service alone can read its license: its database is open in one process only.',
    'Run "licentia login", or set LICENTIA_TOKEN_FILE: the doctor then asks the service.',
  ],
  outdated: [
    'The license cannot be read: the database does not have the tables of this release.',
    'Start the service or run "licentia migrate", then run the doctor again.',
  ],
  unusable: [
    'The license cannot be read: the database cannot be used.',
    'Mend the database first, then run the doctor again.',
  ],
} as const;

/** From the database where that can be opened, else from the service that has it. */
async function licenseOf(
  nest: INestApplicationContext,
  { issuer: { timeoutMs, renewUrl } }: ServiceConfig,
  state: DatabaseExamination['state'],
  remote: RemoteService | UnreadService,
  probes: Probes,
): Promise<readonly Finding[]> {
  const look = (witness: LicenseWitness) =>
    examineLicense(witness, timeoutMs, renewUrl !== undefined, probes);
  if (state === 'open') return look(ownWitness(nest));
  if (state === 'empty') return [LICENSE.warn('expiry', 'There is no license: there is no database yet.')];
  if (!('unread' in remote) && remote.hasToken) return look(remote);
  const [message, next] = UNREAD[state];
  return [LICENSE.unseen('expiry', message, { next })];
}
