import {
  ADMINISTRATOR_NAME,
  administrators,
  type HashedAdministrator,
  PASSWORD_LENGTH,
} from './administrators-setting.js';
import type { SettingValues } from './environment.js';
import { integer, longSecret, matching, optional, path, secret, text, withDefault } from './setting.js';

/** What can be set about callers and their limits. */
export const ACCESS_SETTINGS = {
  ADMIN_USER: optional(matching(ADMINISTRATOR_NAME, 'must have 1 to 190 characters and no colon')),
  ADMIN_PASSWORD: secret(optional(text(PASSWORD_LENGTH.min, PASSWORD_LENGTH.max))),
  ADMINISTRATORS: { ...secret(optional(administrators)), verbatim: true },
  BOOTSTRAP_TOKEN: longSecret,
  ACCESS_STALE_SECONDS: withDefault(integer(1, 31_536_000), '86400'),
  RATE_LIMIT_WRITES_PER_MINUTE: withDefault(integer(1, 1_000_000), '60'),
  RATE_LIMIT_ALL_WRITES_PER_MINUTE: optional(integer(1, 10_000_000)),
  RATE_LIMIT_FAILURES_PER_MINUTE: withDefault(integer(1, 1_000_000), '1000'),
  RATE_LIMIT_ALL_FAILURES_PER_MINUTE: withDefault(integer(1, 1_000_000), '10000'),
  MAX_REQUESTS_IN_WORK: withDefault(integer(2, 10_000), '2048'),
  MAX_SERVICE_ACCOUNTS: withDefault(integer(1, 10_000), '1000'),
  ACCESS_PROVISIONING_PATH: optional(path),
  MAX_CUSTOM_ROLES: withDefault(integer(1, 10_000), '500'),
  MAX_TOKENS_PER_ACCOUNT: withDefault(integer(1, 1_000), '100'),
};

export interface AccessConfig {
  readonly administrator: { readonly name: string; readonly password: string } | undefined;
  /** Administrators whose passwords are known by their hashes. */
  readonly users: readonly HashedAdministrator[];
  readonly bootstrapToken: string | undefined;
  /** How long callers known before the database went away keep working, seconds. */
  readonly staleSeconds: number;
  readonly writesPerMinute: number;
  /** Of all callers together. */
  readonly allWritesPerMinute: number;
  /** Failed authentications from one client's address. */
  readonly failuresPerMinute: number;
  readonly allFailuresPerMinute: number;
  /** Requests that need more than memory, at a time; one caller gets half of it. */
  readonly maxInWork: number;
  /** Service accounts in the database, disabled ones included. */
  readonly maxAccounts: number;
  /** The file or folder that says which roles and service accounts there are. */
  readonly provisioningPath: string | undefined;
  /** Roles that administrators made. */
  readonly maxRoles: number;
  /** Tokens of one service account, expired and revoked ones included. */
  readonly maxTokensPerAccount: number;
}

/** The names of those who may call with a password. */
export function administratorNames({ administrator, users }: AccessConfig): string[] {
  return [administrator, ...users].flatMap((user) => user?.name ?? []);
}

/** Whether the configuration itself lets an administrator in, regardless of the database. */
export function hasAdministrator(access: AccessConfig): boolean {
  return access.bootstrapToken !== undefined || administratorNames(access).length > 0;
}

export function accessConfig(values: SettingValues<typeof ACCESS_SETTINGS>): AccessConfig {
  return {
    administrator:
      values.ADMIN_USER === undefined || values.ADMIN_PASSWORD === undefined
        ? undefined
        : Object.freeze({ name: values.ADMIN_USER, password: values.ADMIN_PASSWORD }),
    users: values.ADMINISTRATORS ?? Object.freeze([]),
    bootstrapToken: values.BOOTSTRAP_TOKEN,
    staleSeconds: values.ACCESS_STALE_SECONDS,
    writesPerMinute: values.RATE_LIMIT_WRITES_PER_MINUTE,
    allWritesPerMinute: values.RATE_LIMIT_ALL_WRITES_PER_MINUTE ?? values.RATE_LIMIT_WRITES_PER_MINUTE * 10,
    failuresPerMinute: values.RATE_LIMIT_FAILURES_PER_MINUTE,
    allFailuresPerMinute: values.RATE_LIMIT_ALL_FAILURES_PER_MINUTE,
    maxInWork: values.MAX_REQUESTS_IN_WORK,
    maxAccounts: values.MAX_SERVICE_ACCOUNTS,
    provisioningPath: values.ACCESS_PROVISIONING_PATH,
    maxRoles: values.MAX_CUSTOM_ROLES,
    maxTokensPerAccount: values.MAX_TOKENS_PER_ACCOUNT,
  };
}
