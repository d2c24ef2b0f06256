import { constants, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { type KeySet, readKeySet } from '../../src/domain/token/key-set.js';
import { authenticateLicenseToken } from '../../src/domain/license/license-token.js';
import type { LicensePolicy } from '../../src/domain/license/license.js';
import { parseRootUrl, type RootUrl } from '../../src/domain/root-url.js';
import { type ErrorCode, ServiceError } from '../../src/domain/service-error.js';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../../src/domain/token/signature-algorithm.js';
import type { JsonObject, JsonValue } from '../../src/domain/token/strict-json.js';

/** The moment of the tests, Unix seconds, and an instance, its issuer and product to go with it. */
export const NOW = 1_800_000_000;
export const ISSUER = 'https://issuer.example.com';
export const ROOT_URL = 'https://licentia.example.com/app/';
export const PRODUCT = 'grafana-enterprise';
export const DAY = 86_400;

export const ALGORITHMS = Object.keys(SIGNATURE_ALGORITHMS) as SignatureAlgorithm[];

let rootUrl: RootUrl | undefined;

/** A policy that takes the license of {@link validClaims}. */
export const policy: LicensePolicy = {
  issuer: ISSUER,
  // Read when it is first needed: a fault in reading it then fails the tests that need it, and not every file
  // that loads this.
  get rootUrl() {
    return (rootUrl ??= parseRootUrl(ROOT_URL));
  },
  products: [PRODUCT],
};

/** A key pair of an issuer, with the public half as a key set shows it. */
export interface TestKey {
  readonly alg: SignatureAlgorithm;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: JsonObject;
}

/** A new key pair for one algorithm. */
export function createKey(alg: SignatureAlgorithm, kid = `key-${alg}`): TestKey {
  const shape = SIGNATURE_ALGORITHMS[alg];
  const { privateKey, publicKey } =
    shape.kty === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : shape.kty === 'EC'
        ? generateKeyPairSync('ec', { namedCurve: shape.crv })
        : generateKeyPairSync('ed25519');
  const jwk = { ...(publicKey.export({ format: 'jwk' }) as JsonObject), kid, alg, use: 'sig' };
  return { alg, kid, privateKey, jwk };
}

const cachedKeys = new Map<SignatureAlgorithm, TestKey>();

/** The key pair of this process for an algorithm: made once, as RSA keys take a while. */
export function testKey(alg: SignatureAlgorithm = 'ES256'): TestKey {
  const key = cachedKeys.get(alg) ?? createKey(alg);
  cachedKeys.set(alg, key);
  return key;
}

export interface IssuerKeys {
  readonly keys: readonly TestKey[];
  /** The document at the issuer's key address. */
  readonly jwks: { keys: JsonObject[] };
  /** The same, as the service reads it. */
  readonly keySet: KeySet;
}

/** An issuer's keys, one of each algorithm. */
export async function issuerKeys(algorithms: readonly SignatureAlgorithm[] = ['ES256']): Promise<IssuerKeys> {
  const keys = algorithms.map((alg) => testKey(alg));
  const jwks = { keys: keys.map((key) => key.jwk) };
  return { keys, jwks, keySet: await readKeySet(jwks) };
}

let lids = 0;

/** The id of a license that no other test of the file has. */
export function newLid(): string {
  lids += 1;
  return `lid-${lids}`;
}

/** Claims or header members to change; `undefined` removes one. */
export type Overrides = Record<string, JsonValue | undefined>;

/** Claims of a license that is valid at the moment `now`, Unix seconds, with every optional claim. */
export function validClaims(overrides: Overrides = {}, now = NOW): JsonObject {
  return withOverrides(
    {
      iss: ISSUER,
      sub: ROOT_URL,
      jti: '1234',
      lid: '10500',
      iat: now - DAY,
      exp: now + 30 * DAY,
      nbf: now - 100 * DAY,
      lexp: now + 265 * DAY,
      prod: [PRODUCT],
      company: 'Example',
      account: 'example-account',
      slug: 'example',
      details_url: 'https://issuer.example.com/licenses/10500',
      limit_by: 'users',
      included_users: 50,
      included_admins: 10,
      included_viewers: 40,
      lic_exp_warn_days: 30,
      tok_exp_warn_days: 2,
      update_days: 1,
      max_concurrent_user_sessions: 3,
      anonymousRatio: 3,
      trial_exp: now + 14 * DAY,
      trial: false,
      usage_billing: false,
    },
    overrides,
  );
}

export interface SignOptions {
  /** The header's members beside `alg` and `kid`, or the whole header as it is: text or bytes. */
  readonly header?: Overrides | string | Uint8Array;
  /** The whole payload: an object, or text or bytes as they are. A valid license's unless given. */
  readonly claims?: Overrides | string | Uint8Array;
  readonly key?: TestKey;
  /** Signs with this algorithm, regardless of the header. */
  readonly signAs?: SignatureAlgorithm;
}

/** A compact JWS of exactly the bytes that were asked for, with a signature that fits them. */
export function sign({
  header = {},
  claims = validClaims(),
  key = testKey(),
  signAs = key.alg,
}: SignOptions = {}): string {
  const first = isRaw(header) ? header : JSON.stringify({ alg: key.alg, kid: key.kid, ...header });
  const second = isRaw(claims) ? claims : JSON.stringify(claims);
  return signParts(`${encode(first)}.${encode(second)}`, key, signAs);
}

/** The signing input with its signature behind it. */
export function signParts(
  input: string,
  key: TestKey = testKey(),
  signAs: SignatureAlgorithm = key.alg,
): string {
  return `${input}.${encode(signatureOf(input, key.privateKey, signAs))}`;
}

/** A statement of the issuer that a license is revoked. */
export function signRevocation({
  header = {},
  claims = {},
  key = testKey(),
}: { header?: Overrides; claims?: Overrides; key?: TestKey } = {}): string {
  return sign({
    header: { typ: 'license-revocation+jwt', ...header },
    claims: withOverrides({ iss: ISSUER, lid: '10500', iat: NOW }, claims),
    key,
  });
}

/**
 * The code with which a license token is refused, or "accepted". Fails on any other error, and on a message
 * that is not one plain sentence.
 */
export async function licenseCode(token: unknown, keys: KeySet): Promise<ErrorCode | 'accepted'> {
  try {
    await authenticateLicenseToken(token, keys);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (!/^The [\x20-\x7e]{1,150}\.$/.test(error.message))
      throw new Error('Not a plain sentence', { cause: error });
    return error.code;
  }
}

/** Why a set of this one key skips it, or "accepted". */
export async function skipReason(jwk: JsonValue): Promise<string> {
  const { size, skipped } = await readKeySet({ keys: [jwk] });
  if (size + skipped.length !== 1) throw new Error('A key is neither used nor skipped');
  return skipped[0]?.reason ?? 'accepted';
}

/** The number as a key set writes it (RFC 7518, section 2), with leading zeros up to a length in bytes. */
export function toBase64url(value: bigint, bytes = 0): string {
  const hex = value.toString(16);
  const digits = Math.max(hex.length + (hex.length % 2), bytes * 2);
  return Buffer.from(hex.padStart(digits, '0'), 'hex').toString('base64url');
}

/** The number that a member of a key stands for. */
export function fromBase64url(text: JsonValue | undefined): bigint {
  return BigInt(`0x${Buffer.from(text as string, 'base64url').toString('hex')}`);
}

/** Unpadded base64url of text or bytes. */
export function encode(content: string | Uint8Array): string {
  return Buffer.from(content as Uint8Array).toString('base64url');
}

/** The bytes of a text, as UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function signatureOf(input: string, privateKey: KeyObject, alg: SignatureAlgorithm): Buffer {
  const data = Buffer.from(input);
  if (alg === 'EdDSA') return signBytes(null, data, privateKey);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES')) return signBytes(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('RS')) return signBytes(hash, data, privateKey);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return signBytes(hash, data, { key: privateKey, padding, saltLength });
}

/** The object with some members changed or, by `undefined`, removed. */
export function withOverrides(members: JsonObject, overrides: Overrides): JsonObject {
  const all = Object.entries({ ...members, ...overrides });
  return Object.fromEntries(all.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}

function isRaw(content: Overrides | string | Uint8Array): content is string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array;
}
