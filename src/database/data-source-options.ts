import type { EventEmitter } from 'node:events';
import type { DataSource, DataSourceOptions, MigrationInterface } from 'typeorm';
import type { DatabaseLocation } from '../config/setting.js';
import { COLUMN_TYPES } from './column-types.js';
import { DatabaseUrl } from './database-url.js';
import { embeddedDriver } from './embedded/embedded-driver.js';
import { BUSY_LIMIT_MS } from './opening-deadline.js';

/** What a database holds: the tables of one program, and how they came to be. */
export interface Schema {
  readonly entities: readonly (new () => object)[];
  /** In the order in which they run. The list is explicit: a file that nobody lists does not run. */
  readonly migrations: readonly (new () => MigrationInterface)[];
}

/** How long a caller waits for an answer, milliseconds; the server's own time-outs are shorter. */
const QUERY_TIMEOUT_MS = 4_000;
/** How long a statement of a migration may take, milliseconds: a large table is rewritten within it. */
export const MIGRATION_TIMEOUT_MS = 600_000;

/**
 * The options of a data source: the same for the service, its tests and TypeORM's command line.
 * @param queryTimeoutMs - how long a caller waits for an answer of a server
 * @param url - the address where it can change
 */
export function dataSourceOptions(
  location: DatabaseLocation,
  schema: Schema,
  queryTimeoutMs = QUERY_TIMEOUT_MS,
  url?: DatabaseUrl,
): DataSourceOptions {
  return {
    type: 'postgres',
    entities: [...schema.entities],
    migrations: [...schema.migrations],
    migrationsTableName: 'migration',
    synchronize: false,
    installExtensions: false,
    logging: false,
    ...connection(location, queryTimeoutMs, url),
  };
}

/** Whether a data source has an embedded database, in a directory or in memory. */
export function isEmbedded({ options }: DataSource): boolean {
  return options.type === 'postgres' && options.driver !== undefined;
}

function connection(location: DatabaseLocation, queryTimeoutMs: number, url: DatabaseUrl | undefined) {
  switch (location.kind) {
    case 'postgres':
      return {
        url: location.url,
        applicationName: 'licentia',
        connectTimeoutMS: BUSY_LIMIT_MS,
        extra: {
          max: 10,
          query_timeout: queryTimeoutMs,
          keepAlive: true,
          onConnect: listenForErrors,
          // With TLS and the password: the driver alone would read PGSSLMODE and, without a deadline, ~/.pgpass.
          Client: (url ?? new DatabaseUrl(location)).clients(),
          types: COLUMN_TYPES,
        },
      };
    case 'embedded':
      return { driver: embeddedDriver({ directory: location.directory }), extra: { types: COLUMN_TYPES } };
    case 'memory':
      return { driver: embeddedDriver({ memory: true }), extra: { types: COLUMN_TYPES } };
  }
}

/**
 * Between the pool's listener and TypeORM's there is a moment without one, and an error that comes then is nobody's:
 * it would end the process. Who uses the connection learns of its end from the statement that fails.
 */
function listenForErrors(client: EventEmitter): void {
  client.on('error', () => undefined);
}
