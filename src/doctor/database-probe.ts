import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { ClockWatch } from '../clock/clock-watch.js';
import { within } from '../clock/within.js';
import type { ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { EmbeddedDirectoryInUseError } from '../database/embedded/directory-lock.js';
import { DATA } from '../database/embedded/data-layout.js';
import { PendingMigrationsError } from '../database/migrate.js';
import { rightsOf } from '../database/role-rights.js';
import { askServer } from '../database/server-time.js';
import { systemClock } from '../domain/clock.js';
import { failed } from './failure.js';
import { type Finding, findingsOf } from './finding.js';
import type { Probes } from './probe.js';

const DATABASE = findingsOf('database');
/** To connect and to read the list of migrations, milliseconds; an embedded database is opened meanwhile. */
const OPEN_MS = 20_000;
const READ_MS = 5_000;
const READS = 5;
/** A read that takes longer slows down every change, milliseconds. */
const SLOW_MS = 100;

/** What was found, and whether the license can be read from this database. */
export interface DatabaseExamination {
  readonly findings: readonly Finding[];
  readonly state: 'open' | 'in-use' | 'empty' | 'outdated' | 'unusable';
  /** The process that has an embedded database open. */
  readonly holder?: number | undefined;
}

/** Looks at the database as a start does, and changes nothing in it. */
export async function examineDatabase(
  nest: INestApplicationContext,
  { database: { location, migrations } }: ServiceConfig,
  probes: Probes,
): Promise<DatabaseExamination> {
  if (location.kind === 'memory')
    return only('empty', DATABASE.warn('kind', 'The database is in memory: nothing outlasts the service.'));
  if (location.kind === 'embedded') {
    const { value, faults } = await probes.look(
      ...(['database', 'directory', READ_MS] as const),
      () => hasDatabase(location.directory),
      (error) => failed(DATABASE, 'directory', error, 'directory-unusable'),
    );
    if (value === undefined) return { findings: faults, state: 'unusable' };
    if (!value) {
      const message = `There is no database in ${location.directory} yet: the first start makes it.`;
      return only('empty', DATABASE.warn('directory', message, { next: 'Run "licentia serve".' }));
    }
  }
  const database = nest.get(Database, { strict: false });
  let inUse: EmbeddedDirectoryInUseError | undefined;
  let isOutdated = false;
  const opened = await probes.look(
    ...(['database', 'connection', OPEN_MS] as const),
    async () => {
      await database.start();
      return true;
    },
    (error) => {
      if (error instanceof EmbeddedDirectoryInUseError) {
        inUse = error;
        const { pid, hostname } = error.holder;
        const who = pid === undefined ? 'another process' : `process ${pid} on ${hostname}`;
        return DATABASE.ok('directory', `It is open in ${who}, which is the service if it runs.`);
      }
      isOutdated = error instanceof PendingMigrationsError;
      if (error instanceof PendingMigrationsError) return pendingFinding(error, migrations);
      return failed(DATABASE, 'connection', error, database.fault);
    },
  );
  if (opened.value === undefined) {
    const state = inUse !== undefined ? 'in-use' : isOutdated ? 'outdated' : 'unusable';
    return { findings: opened.faults, state, holder: inUse?.holder.pid };
  }
  const tables = DATABASE.ok('migrations', 'Every migration of this release has run.');
  return {
    findings: [tables, ...(await readings(nest, database, location.kind, migrations, probes))],
    state: 'open',
  };
}

function only(state: DatabaseExamination['state'], finding: Finding): DatabaseExamination {
  return { findings: [finding], state };
}

function pendingFinding(error: PendingMigrationsError, migrations: 'run' | 'check'): Finding {
  if (migrations === 'check')
    return DATABASE.fail('migrations', error.message, {
      next: 'Run "licentia migrate" as a role that may change tables.',
    });
  const message = `The database lacks ${error.pending.length} migration(s): ${error.pending.join(', ')}.`;
  return DATABASE.warn('migrations', message, {
    next: 'Nothing: the next start applies them. "licentia migrate" does it now.',
  });
}

async function hasDatabase(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, DATA))).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function readings(
  nest: INestApplicationContext,
  database: Database,
  kind: 'postgres' | 'embedded',
  migrations: 'run' | 'check',
  probes: Probes,
): Promise<readonly Finding[]> {
  const look = async (check: string, work: () => Promise<Finding>) => {
    const fault = (error: unknown) => failed(DATABASE, check, error, database.fault);
    const { value, faults } = await probes.look('database', check, READ_MS, work, fault);
    return value === undefined ? faults : [value];
  };
  const latency = await look('latency', () => latencyOf(database));
  // The embedded database has the role and the clock of this process.
  if (kind === 'embedded') return latency;
  return [
    ...latency,
    ...(await look('role', () => roleOf(database, migrations))),
    ...(await look('clock', () => clockOf(nest.get(ClockWatch, { strict: false }), database))),
  ];
}

async function latencyOf(database: Database): Promise<Finding> {
  const times: number[] = [];
  for (let read = 0; read < READS; read += 1) {
    const begun = performance.now();
    await within(
      READ_MS,
      database.read(async () => undefined),
    );
    times.push(performance.now() - begun);
  }
  const median = times.sort((one, other) => one - other)[Math.floor(READS / 2)] ?? 0;
  const message = `A read takes ${median.toFixed(1)} ms (the median of ${READS}).`;
  return median <= SLOW_MS
    ? DATABASE.ok('latency', message)
    : DATABASE.warn('latency', message, { next: 'Look at the load of the server, and at the way to it.' });
}

async function roleOf(database: Database, migrations: 'run' | 'check'): Promise<Finding> {
  const { role, isSuperuser, mayMigrate, lacking, unreadable } = await database.read((manager) =>
    rightsOf(manager),
  );
  if (lacking.length > 0) {
    const message = `The role ${role} may not read and write these tables: ${lacking.join(', ')}.`;
    return DATABASE.fail('role', message, {
      cause: 'credentials-refused',
      next: 'GRANT it the rights of docs/database.md.',
    });
  }
  if (database.readOnly === true) {
    const next = 'Name the primary in DATABASE_URL: only reads work on a standby.';
    return DATABASE.fail('role', 'The database refuses writes, as a standby does.', {
      cause: 'database.unavailable',
      next,
    });
  }
  if (isSuperuser) {
    const next = 'Give the service a role of its own (docs/database.md).';
    return DATABASE.warn('role', `The role ${role} is a superuser.`, { next });
  }
  if (unreadable.length > 0) {
    const next = 'GRANT SELECT ON ALL SEQUENCES to it, as docs/database.md has it.';
    return DATABASE.warn(
      'role',
      `The role ${role} may not read where the numbering of these columns is: ${unreadable.join(', ')}.`,
      { next },
    );
  }
  if (migrations === 'run' && !mayMigrate) {
    const next =
      'Set DATABASE_MIGRATIONS=check, and run "licentia migrate" as the owner with each new release.';
    return DATABASE.warn(
      'role',
      `The role ${role} may not change tables, and the next release may have to.`,
      { next },
    );
  }
  return DATABASE.ok('role', `The role ${role} has the rights that it needs.`);
}

async function clockOf(watch: ClockWatch, database: Database): Promise<Finding> {
  const { asked, theirs } = await database.read(async (manager) => {
    const asked = systemClock.now();
    return { asked, theirs: await askServer(manager) };
  });
  watch.compare('database', theirs, asked);
  return clockFinding(watch, 'database', "the database's server");
}

/** How far a peer's clock is from ours. */
export function clockFinding(watch: ClockWatch, peer: 'database' | 'issuer', name: string): Finding {
  const to = findingsOf(peer);
  const seconds = watch.skew(peer);
  if (seconds === undefined) return to.warn('clock', `The answer of ${name} has no time.`);
  const message = `The clock of ${name} is ${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? 'behind' : 'ahead of'} ours.`;
  return watch.isNotable(peer)
    ? to.warn('clock', message, {
        cause: 'clock',
        next: 'Set both clocks by a time server: one of them is wrong.',
      })
    : to.ok('clock', message);
}
