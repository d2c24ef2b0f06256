import { type Environment, locationFrom, readEnvironment } from './environment.js';
import { DATABASE_RULE } from './database-rule.js';
import { withTls } from './postgres-tls.js';
import {
  type DatabaseConfig,
  type ListenConfig,
  PROCESS_SETTINGS,
  type ServiceConfig,
} from './service-config.js';
import {
  database,
  encryptionKeys,
  integer,
  longSecret,
  matching,
  optional,
  secret,
  withDefault,
} from './setting.js';

/** Every setting of the self-hosted issuer. */
export const ISSUER_SERVER_SETTINGS = {
  ...PROCESS_SETTINGS,
  PORT: withDefault(integer(0, 65535), '3001'),
  DATABASE_URL: secret(withDefault(database, 'pglite://./data/authority')),
  ISSUER_ID: withDefault(
    matching(/^[\x21-\x7e]{1,1024}$/, 'must have 1 to 1024 printable ASCII characters and no space'),
    'http://localhost:3001',
  ),
  ISSUER_ADMIN_TOKEN: longSecret,
  ISSUER_KEY_ENCRYPTION_KEY: secret(optional(encryptionKeys)),
};

/** What the issuer was told, parsed once at the start. */
export interface IssuerServerConfig {
  readonly listen: ListenConfig;
  readonly logLevel: ServiceConfig['logLevel'];
  readonly database: DatabaseConfig;
  /** How long a connection may wait for its next request. */
  readonly keepAliveSeconds: number;
  /** The `iss` of everything it signs. */
  readonly issuerId: string;
  /**
   * The first one encrypts the signing keys in the database, each decrypts; 32 bytes. Without any they stay
   * in clear.
   */
  readonly encryptionKeys: readonly Buffer[];
  /** What operators show to the routes below `/v1/admin`, which there are only with it. */
  readonly adminToken: string | undefined;
}

/** Injection token of the {@link IssuerServerConfig}. */
export const ISSUER_SERVER_CONFIG = Symbol('IssuerServerConfig');

/**
 * The issuer's configuration from its environment.
 * @throws ConfigError with every fault at once
 */
export function loadIssuerServerConfig(environment: Environment): IssuerServerConfig {
  const values = readEnvironment(ISSUER_SERVER_SETTINGS, environment, [DATABASE_RULE]);
  return Object.freeze({
    listen: { host: values.HOST, port: values.PORT },
    logLevel: values.LOG_LEVEL,
    database: {
      location: withTls(locationFrom(values.DATABASE_URL, environment), values.DATABASE_CA_PATH),
      migrations: values.DATABASE_MIGRATIONS,
    },
    keepAliveSeconds: values.KEEP_ALIVE_SECONDS,
    issuerId: values.ISSUER_ID,
    encryptionKeys: values.ISSUER_KEY_ENCRYPTION_KEY ?? [],
    adminToken: values.ISSUER_ADMIN_TOKEN,
  });
}
