import { ACCESS_SETTINGS, type AccessConfig, accessConfig } from './access-config.js';
import { PASSWORD_LENGTH } from './administrators-setting.js';
import { AUDIT_SETTINGS, type AuditConfig, auditConfig } from './audit-config.js';
import { MAX_ISSUER_TIMEOUT_MS } from '../domain/request-deadline.js';
import type { RootUrl } from '../domain/root-url.js';
import { certificateFile } from './certificate-file.js';
import { type Environment, locationFrom, readEnvironment, rulesFor } from './environment.js';
import { ISSUER_ADDRESSES, issuerAddresses, issuerConfig, type IssuerConfig } from './issuer-config.js';
import {
  LICENSE_ENCRYPTION_SETTINGS,
  type LicenseEncryptionConfig,
  licenseEncryptionConfig,
} from './license-encryption-config.js';
import { DATABASE_RULE } from './database-rule.js';
import { withTls } from './postgres-tls.js';
import { proxyAddress } from './proxy-address.js';
import { USAGE_SETTINGS, type UsageConfig, usageConfig } from './usage-config.js';
import {
  address,
  boolean,
  database,
  type DatabaseLocation,
  host,
  integer,
  list,
  oneOf,
  optional,
  path,
  proxies,
  rootUrl,
  secret,
  text,
  withDefault,
} from './setting.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** The settings that every process of ours has. */
export const PROCESS_SETTINGS = {
  HOST: withDefault(host, '127.0.0.1'),
  DATABASE_CA_PATH: optional(certificateFile),
  DATABASE_MIGRATIONS: withDefault(oneOf('run', 'check'), 'run'),
  KEEP_ALIVE_SECONDS: withDefault(integer(1, 3600), '125'),
  LOG_LEVEL: withDefault(oneOf(...LOG_LEVELS), 'info'),
};

/** Every setting of the service. `docs/configuration.md` and the compose file list these. */
export const SERVICE_SETTINGS = {
  ...PROCESS_SETTINGS,
  PORT: withDefault(integer(0, 65535), '3000'),
  ROOT_URL: withDefault(rootUrl, 'http://localhost:3000/'),
  DATABASE_URL: secret(withDefault(database, 'pglite://./data/pglite')),
  DATABASE_POLL_MS: withDefault(integer(100, 3_600_000), '500'),
  ISSUER_URL: withDefault(address, 'https://grafana.com'),
  ISSUER_ID: optional(text(1, 1024)),
  ISSUER_RENEW_URL: optional(address),
  ISSUER_JWKS_URL: optional(address),
  ISSUER_JWKS_PATH: optional(path),
  ISSUER_CA_PATH: optional(certificateFile),
  ISSUER_PROXY_URL: secret(optional(proxyAddress)),
  ISSUER_ALLOW_INSECURE_HTTP: withDefault(boolean, 'false'),
  ISSUER_TIMEOUT_MS: withDefault(integer(1, MAX_ISSUER_TIMEOUT_MS), '8000'),
  AUTO_REFRESH_LICENSE: optional(boolean),
  LICENSE_PRODUCTS: withDefault(list, 'grafana-enterprise'),
  LICENSE_PATH: optional(path),
  // No rule: an unusable license is reported, and does not prevent the start.
  LICENSE_TEXT: { ...optional({ parse: (value: string) => value }), verbatim: true },
  INSTALL_REQUIRE_ACKNOWLEDGE: withDefault(boolean, 'false'),
  ...LICENSE_ENCRYPTION_SETTINGS,
  ...ACCESS_SETTINGS,
  MAX_CONNECTIONS: withDefault(integer(10, 65_535), '4000'),
  TRUST_PROXY: optional(proxies),
  SERVE_FROM_SUB_PATH: withDefault(boolean, 'false'),
  UI: withDefault(boolean, 'true'),
  ...USAGE_SETTINGS,
  ...AUDIT_SETTINGS,
};

export interface ListenConfig {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface DatabaseConfig {
  readonly location: DatabaseLocation;
  readonly migrations: 'run' | 'check';
}

/** Where a license can come from beside the database. */
export interface SourcesConfig {
  /** A file with a license token; it is watched. */
  readonly path: string | undefined;
  /** A license token. */
  readonly text: string | undefined;
}

export interface HttpConfig {
  /** Whose `X-Forwarded-For` is believed: addresses, CIDR ranges and the names of such. */
  readonly trustedProxies: readonly string[];
  readonly maxConnections: number;
  /** How long a connection may wait for its next request. */
  readonly keepAliveSeconds: number;
  /** The path that everything is served below, without a slash at its end; empty for none. */
  readonly subPath: string;
}

/** What the service was told, parsed once at the start. */
export interface ServiceConfig {
  readonly listen: ListenConfig;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** `pollMs`: how often it is asked for changes, milliseconds; what asks on its own does so no more often. */
  readonly database: DatabaseConfig & { readonly pollMs: number };
  readonly rootUrl: RootUrl;
  readonly products: readonly string[];
  readonly sources: SourcesConfig;
  readonly licenseEncryption: LicenseEncryptionConfig;
  /** Whether an upload that takes something away has to say that its sender knows. */
  readonly requireAcknowledge: boolean;
  readonly issuer: IssuerConfig;
  readonly access: AccessConfig;
  readonly http: HttpConfig;
  /** Whether the page is served, and its sessions count. */
  readonly ui: boolean;
  readonly usage: UsageConfig;
  readonly audit: AuditConfig;
}

/** Injection token of the {@link ServiceConfig}. */
export const SERVICE_CONFIG = Symbol('ServiceConfig');

/**
 * The service's configuration from its environment.
 * @throws ConfigError with every fault at once
 */
export function loadServiceConfig(environment: Environment): ServiceConfig {
  const values = readEnvironment(SERVICE_SETTINGS, environment, RULES);
  return Object.freeze({
    listen: Object.freeze({ host: values.HOST, port: values.PORT }),
    logLevel: values.LOG_LEVEL,
    database: Object.freeze({
      location: Object.freeze(
        withTls(locationFrom(values.DATABASE_URL, environment), values.DATABASE_CA_PATH),
      ),
      migrations: values.DATABASE_MIGRATIONS,
      pollMs: values.DATABASE_POLL_MS,
    }),
    rootUrl: values.ROOT_URL,
    products: values.LICENSE_PRODUCTS,
    sources: Object.freeze({ path: values.LICENSE_PATH, text: values.LICENSE_TEXT }),
    licenseEncryption: licenseEncryptionConfig(values),
    requireAcknowledge: values.INSTALL_REQUIRE_ACKNOWLEDGE,
    issuer: Object.freeze(issuerConfig(values)),
    access: Object.freeze(accessConfig(values)),
    http: Object.freeze({
      trustedProxies: values.TRUST_PROXY ?? Object.freeze([]),
      maxConnections: values.MAX_CONNECTIONS,
      keepAliveSeconds: values.KEEP_ALIVE_SECONDS,
      subPath: values.SERVE_FROM_SUB_PATH ? pathOf(values.ROOT_URL) : '',
    }),
    ui: values.UI,
    usage: Object.freeze(usageConfig(values)),
    audit: Object.freeze(auditConfig(values)),
  });
}

/** The path of a root URL, without the slash at its end; empty where it has none. */
function pathOf({ canonical }: RootUrl): string {
  return canonical.replace(/^https?:\/\/[^/]+/, '').replace(/\/$/, '');
}

const between = rulesFor<typeof SERVICE_SETTINGS>();

const RULES = [
  DATABASE_RULE,
  between(['ADMIN_USER', 'ADMIN_PASSWORD'], ({ ADMIN_USER, ADMIN_PASSWORD }) =>
    (ADMIN_USER === undefined) !== (ADMIN_PASSWORD === undefined)
      ? ['ADMIN_USER and ADMIN_PASSWORD belong together: set both or neither']
      : [],
  ),
  between(['ADMIN_USER', 'ADMIN_PASSWORD'], ({ ADMIN_USER, ADMIN_PASSWORD }) =>
    ADMIN_PASSWORD !== undefined && ADMIN_PASSWORD === ADMIN_USER
      ? ['ADMIN_PASSWORD must not be the name of the administrator']
      : [],
  ),
  between(['ADMIN_USER', 'ADMINISTRATORS'], ({ ADMIN_USER, ADMINISTRATORS }) =>
    ADMINISTRATORS?.some(({ name }) => name === ADMIN_USER)
      ? ['ADMINISTRATORS must not have the name of ADMIN_USER']
      : [],
  ),
  between(['ADMIN_PASSWORD'], ({ ADMIN_PASSWORD }) =>
    ADMIN_PASSWORD !== undefined && ADMIN_PASSWORD.trim().length < PASSWORD_LENGTH.min
      ? ['ADMIN_PASSWORD must have 12 characters besides the white space around it']
      : [],
  ),
  between(['DATABASE_POLL_MS', 'ACCESS_STALE_SECONDS'], ({ DATABASE_POLL_MS, ACCESS_STALE_SECONDS }) =>
    DATABASE_POLL_MS * 2 > ACCESS_STALE_SECONDS * 1000
      ? ['DATABASE_POLL_MS must be at most half of ACCESS_STALE_SECONDS']
      : [],
  ),
  between(['ISSUER_JWKS_PATH', 'ISSUER_JWKS_URL'], ({ ISSUER_JWKS_PATH, ISSUER_JWKS_URL }) =>
    ISSUER_JWKS_PATH !== undefined && ISSUER_JWKS_URL !== undefined
      ? ['ISSUER_JWKS_PATH and ISSUER_JWKS_URL are both set: set one']
      : [],
  ),
  between([...ISSUER_ADDRESSES, 'ISSUER_ALLOW_INSECURE_HTTP'], (values) => {
    const { renewUrl, keys } = issuerAddresses(values);
    const called = {
      ISSUER_RENEW_URL: renewUrl,
      ISSUER_JWKS_URL: keys.kind === 'url' ? keys.url : undefined,
    };
    const insecure = Object.entries(called).flatMap(([name, url]) => {
      if (url?.protocol !== 'http:' || values.ISSUER_ALLOW_INSECURE_HTTP) return [];
      const source = values[name as keyof typeof called] === undefined ? 'ISSUER_URL' : name;
      return [`${source} is plain http: use https, or set ISSUER_ALLOW_INSECURE_HTTP=true`];
    });
    return [...new Set(insecure)];
  }),
  between([...ISSUER_ADDRESSES, 'AUTO_REFRESH_LICENSE'], (values) =>
    values.AUTO_REFRESH_LICENSE === true && issuerAddresses(values).renewUrl === undefined
      ? ['AUTO_REFRESH_LICENSE is true and there is no renewal address: set ISSUER_URL or ISSUER_RENEW_URL']
      : [],
  ),
];
