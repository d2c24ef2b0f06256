/**
 * The service's database for TypeORM's command line, from the same environment as the service itself. It takes the
 * built program, so build first; Node 22.18 or later reads this file as it is:
 *
 *   npm run build && npx typeorm migration:show -d ormconfig.ts
 */
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import type * as Options from './src/database/data-source-options.js';
import type * as Config from './src/config/service-config.js';
import type * as Schema from './src/schema/service-schema.js';

const built = async (path: string): Promise<unknown> => import(new URL(`dist/${path}`, import.meta.url).href);
const { loadServiceConfig } = (await built('config/service-config.js')) as typeof Config;
const { dataSourceOptions, MIGRATION_TIMEOUT_MS } = (await built(
  'database/data-source-options.js',
)) as typeof Options;
const { SERVICE_SCHEMA } = (await built('schema/service-schema.js')) as typeof Schema;

export default new DataSource(
  dataSourceOptions(loadServiceConfig(process.env).database.location, SERVICE_SCHEMA, MIGRATION_TIMEOUT_MS),
);
