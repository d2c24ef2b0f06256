import { DataSource } from 'typeorm';
import type { DatabaseLocation } from '../config/setting.js';
import { dataSourceOptions, type Schema } from './data-source-options.js';
import { asOpeningError } from './database-error.js';
import { applyMigrations } from './migrate.js';

/**
 * Brings the tables of a database up to date and lets go of it: what an operator does before the service itself runs
 * as a role that may not.
 *
 * @returns the names of the migrations that ran
 * @throws ServiceError `database.unavailable`, MigrationFailedError, MigrationTableError, EmbeddedDirectoryInUseError,
 * PermanentFaultError
 */
export async function migrateDatabase(location: DatabaseLocation, schema: Schema): Promise<string[]> {
  const dataSource = new DataSource(dataSourceOptions(location, schema));
  try {
    await dataSource.initialize();
    return await applyMigrations(dataSource);
  } catch (error) {
    throw asOpeningError(error);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}
