import { ServiceError } from '../service-error.js';
import type { JsonObject, JsonValue } from '../token/strict-json.js';
import { hasUnstorableText } from '../unstorable-text.js';

/**
 * What a license says. Times are Unix seconds, 1 to 253402300799 (the end of the year 9999); counts and days
 * are 0 to 2147483647; strings have at most 1024 bytes of UTF-8. `iat` and `exp` are those of the token, which
 * is short-lived and renewed; `nbf` and `lexp` are those of the license.
 */
export interface LicenseClaims {
  readonly iss: string;
  readonly sub: string;
  readonly jti: string;
  readonly lid: string;
  readonly iat: number;
  readonly exp: number;
  readonly lexp: number;
  readonly prod: readonly string[];
  readonly nbf?: number;
  readonly trial_exp?: number;
  readonly included_users?: number;
  readonly included_admins?: number;
  readonly included_viewers?: number;
  readonly lic_exp_warn_days?: number;
  readonly tok_exp_warn_days?: number;
  readonly update_days?: number;
  readonly max_concurrent_user_sessions?: number;
  readonly anonymousRatio?: number;
  readonly company?: string;
  readonly account?: string;
  readonly slug?: string;
  readonly details_url?: string;
  readonly limit_by?: string;
  readonly usage_billing?: boolean;
  readonly trial?: boolean;
  /** What it says about seats besides their number, unread: nothing of it makes a license invalid. */
  readonly seat_policy?: JsonValue;
}

/** A license whose signature was verified once: its claims, and one text for all of them. */
export interface LicenseCopy {
  readonly claims: LicenseClaims;
  /** SHA-256, 64 hexadecimal digits, of the canonical JSON of every claim, the unknown ones included. */
  readonly fingerprint: string;
}

/** A type that a claim can have: whether a value is of it, and what to call it. */
interface ClaimType<T> {
  readonly accepts: (value: JsonValue) => value is T & JsonValue;
  readonly name: string;
}

const LATEST_TIME = 253_402_300_799;
const MAX_COUNT = 2 ** 31 - 1;
const MAX_TEXT_BYTES = 1024;

export const TIME: ClaimType<number> = {
  accepts: (value): value is number => isIntegerWithin(value, 1, LATEST_TIME),
  name: `a whole number from 1 to ${LATEST_TIME}`,
};

const COUNT: ClaimType<number> = {
  accepts: (value): value is number => isIntegerWithin(value, 0, MAX_COUNT),
  name: `a whole number from 0 to ${MAX_COUNT}`,
};

const TEXT_NAME = `a string of at most ${MAX_TEXT_BYTES} bytes without NUL and lone surrogates`;

const TEXT: ClaimType<string> = { accepts: isText, name: TEXT_NAME };

export const IDENTIFIER: ClaimType<string> = {
  accepts: (value): value is string => isText(value) && value !== '',
  name: `${TEXT_NAME} that is not empty`,
};

const TEXTS: ClaimType<readonly string[]> = {
  accepts: (value): value is string[] => Array.isArray(value) && value.every(isText),
  name: `an array, each item ${TEXT_NAME}`,
};

const ANYTHING: ClaimType<JsonValue> = {
  accepts: (_value): _value is JsonValue => true,
  name: 'anything',
};

const BOOLEAN: ClaimType<boolean> = {
  accepts: (value): value is boolean => typeof value === 'boolean',
  name: 'true or false',
};

type ClaimTypes<T> = { readonly [Name in keyof T]-?: ClaimType<Exclude<T[Name], undefined>> };

type RequiredName = 'iss' | 'sub' | 'jti' | 'lid' | 'iat' | 'exp' | 'lexp' | 'prod';

const REQUIRED: ClaimTypes<Pick<LicenseClaims, RequiredName>> = {
  iss: IDENTIFIER,
  sub: IDENTIFIER,
  jti: IDENTIFIER,
  lid: IDENTIFIER,
  iat: TIME,
  exp: TIME,
  lexp: TIME,
  prod: TEXTS,
};

const OPTIONAL: ClaimTypes<Omit<LicenseClaims, RequiredName>> = {
  nbf: TIME,
  trial_exp: TIME,
  included_users: COUNT,
  included_admins: COUNT,
  included_viewers: COUNT,
  lic_exp_warn_days: COUNT,
  tok_exp_warn_days: COUNT,
  update_days: COUNT,
  max_concurrent_user_sessions: COUNT,
  anonymousRatio: COUNT,
  company: TEXT,
  account: TEXT,
  slug: TEXT,
  details_url: TEXT,
  limit_by: TEXT,
  usage_billing: BOOLEAN,
  trial: BOOLEAN,
  seat_policy: ANYTHING,
};

/**
 * The claims that a license has, each with its exact type; others are left out.
 *
 * @throws {ServiceError} `license.invalid` when one is missing or has another type; its message names it.
 */
export function readLicenseClaims(payload: JsonObject): LicenseClaims {
  const optional: Record<string, JsonValue> = {};
  for (const [name, type] of Object.entries(OPTIONAL)) {
    if (payload[name] !== undefined) optional[name] = readClaim<JsonValue>(payload, name, type);
  }
  return { ...readClaims(payload, REQUIRED), ...optional };
}

/**
 * Reads the named claims, all of them required, of a payload that `parseStrictJson` made.
 *
 * @throws {ServiceError} `license.invalid` when one is missing or has another type; its message names it.
 */
export function readClaims<T extends object>(payload: JsonObject, types: ClaimTypes<T>): T {
  const claims: Partial<T> = {};
  for (const name in types) claims[name] = readClaim(payload, name, types[name]);
  return claims as T;
}

function readClaim<T>(payload: JsonObject, name: string, type: ClaimType<T>): T & JsonValue {
  const value = payload[name];
  if (value === undefined) throw new ServiceError('license.invalid', `The claim "${name}" is missing.`);
  if (!type.accepts(value)) {
    throw new ServiceError('license.invalid', `The claim "${name}" must be ${type.name}.`);
  }
  // JSON has a minus zero: it is the count 0, and must not show up as anything else.
  return value === 0 ? (0 as T & JsonValue) : value;
}

/** A number such as 1e3 is an integer in JSON: what counts is its value. */
function isIntegerWithin(value: JsonValue, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isText(value: JsonValue): value is string {
  return typeof value === 'string' && Buffer.byteLength(value) <= MAX_TEXT_BYTES && !hasUnstorableText(value);
}
