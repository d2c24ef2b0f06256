/**
 * The service's database for TypeORM's command line, from the same environment as the service itself. After a build,
 * with Node's own type stripping (22.18 or later):
 *
 *   npx typeorm -d ormconfig.ts migration:show
 */
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { loadServiceConfig } from './src/config/service-config.js';
import { dataSourceOptions } from './src/database/data-source-options.js';
import { SERVICE_SCHEMA } from './src/database/service-schema.js';

export default new DataSource(
  dataSourceOptions(loadServiceConfig(process.env).database.location, SERVICE_SCHEMA),
);
