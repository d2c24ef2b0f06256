import { type DynamicModule, Global, Module } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { DatabaseConfig } from '../config/service-config.js';
import { ChangeListener } from './change-listener.js';
import { dataSourceOptions, type Schema } from './data-source-options.js';
import { Database } from './database.js';
import { DatabaseUrl } from './database-url.js';
import { DatabaseUrlWatch } from './database-url-watch.js';

/** The connection to one database, opened by {@link Database.start} and not before. */
@Global()
@Module({})
export class DatabaseModule {
  /** @param name - tells the databases of one process apart */
  static forRoot(config: DatabaseConfig, schema: Schema, name: string): DynamicModule {
    const { location } = config;
    const isFollowed = location.kind === 'postgres' && location.file !== undefined;
    const url = location.kind === 'postgres' ? new DatabaseUrl(location) : undefined;
    return {
      module: DatabaseModule,
      imports: [
        // By hand, because a database that is away must not keep the process from starting.
        TypeOrmModule.forRoot({
          ...dataSourceOptions(location, schema, undefined, url),
          name,
          manualInitialization: true,
          retryAttempts: 0,
        }),
      ],
      providers: [
        {
          provide: Database,
          useFactory: (dataSource: DataSource) => new Database(dataSource, config.migrations, isFollowed),
          inject: [getDataSourceToken(name)],
        },
        {
          provide: ChangeListener,
          useFactory: (dataSource: DataSource) => new ChangeListener(dataSource),
          inject: [getDataSourceToken(name)],
        },
        {
          provide: DatabaseUrlWatch,
          useFactory: (dataSource: DataSource) => new DatabaseUrlWatch(dataSource, url),
          inject: [getDataSourceToken(name)],
        },
      ],
      exports: [Database, ChangeListener, DatabaseUrlWatch],
    };
  }
}
