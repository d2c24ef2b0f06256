import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { ConfigError } from './config/environment.js';
import type { ServiceConfig } from './config/service-config.js';
import { Database } from './database/database.js';
import { systemClock } from './domain/clock.js';
import { LicenseEncryption } from './licensing/encryption/license-encryption.js';

/**
 * Stores every license token of the database as `LICENSE_ENCRYPTION_KEY` asks for: encrypted with its first key, or in
 * clear.
 *
 * @returns what to say about it
 * @throws ConfigError when a token cannot be read; those that can are done all the same. And as `Database.start`
 */
export async function reencryptTokens(config: ServiceConfig): Promise<string> {
  const nest = await NestFactory.createApplicationContext(AppModule.of(config, systemClock), {
    logger: false,
    abortOnError: false,
  });
  try {
    await nest.get(Database).start();
    const { count, unreadable } = await nest.get(LicenseEncryption).rewriteAll();
    if (unreadable.length > 0)
      throw new ConfigError([`${count} texts are written anew, and others cannot be read`, ...unreadable]);
    const form =
      config.licenseEncryption.encryptsWith === undefined ? 'in clear' : 'encrypted with the first key';
    return `${count} texts are written anew. Every license token in the database is ${form}.\n`;
  } finally {
    await nest.close();
  }
}
