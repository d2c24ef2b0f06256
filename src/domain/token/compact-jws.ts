import { compactVerify } from 'jose';
import { decodeBase64url } from './base64url.js';
import type { KeySet } from './key-set.js';
import { describeMalformedToken, isCompactShape } from './malformed-token.js';
import { ServiceError } from '../service-error.js';
import { isSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.js';
import { isJsonObject, type JsonObject, parseStrictJson, StrictJsonError } from './strict-json.js';
import { isKidLength, type VerificationKey } from './verification-key.js';

/** The longest token, in bytes. */
export const MAX_TOKEN_BYTES = 16 * 1024;

/** The members of a header that are used. All others, `jwk jku x5u x5c` among them, never are. */
export interface TokenHeader {
  readonly alg: SignatureAlgorithm;
  readonly kid: string;
  readonly typ?: string;
}

/** A signed JSON object whose signature holds. */
export interface VerifiedJws {
  readonly payload: JsonObject;
  readonly key: VerificationKey;
}

/**
 * Reads the protected header of a compact JWS (RFC 7515, section 7.1) by the first rules of `docs/tokens.md`,
 * which need no key: shape, size, canonical base64url of all three parts, strict header.
 *
 * @param types the `typ` values that are allowed, compared exactly; null stands for none.
 * @throws {ServiceError} `license.untrusted` for what is wrong with `alg` and `kid`, else `license.invalid`.
 */
export function readJwsHeader(token: unknown, types: readonly (string | null)[]): TokenHeader {
  if (typeof token !== 'string') throw invalid('The token is not a string.');
  // The length comes first: nothing of unlimited size is looked at, and a token of this shape is ASCII.
  if (token.length > MAX_TOKEN_BYTES) throw invalid(`The token has more than ${MAX_TOKEN_BYTES} bytes.`);
  if (!isCompactShape(token)) throw invalid(describeMalformedToken(token));
  const [header = '', payload = '', signature = ''] = token.split('.');
  const bytes = decodePart(header, 'header');
  decodePart(payload, 'payload');
  decodePart(signature, 'signature');
  return readHeader(parseObject(bytes, 'header'), types);
}

/**
 * Verifies a compact JWS: its header, the key by `kid`, that the key is for this `alg`, the signature (RFC 7515,
 * section 5.2; RFC 8725, section 3.1), then that the payload is a strict JSON object.
 *
 * @throws {ServiceError} `license.untrusted` for `kid`, `alg` and signature, else `license.invalid`.
 */
export async function verifyJws(
  token: unknown,
  keys: KeySet,
  types: readonly (string | null)[],
): Promise<VerifiedJws> {
  const { alg, kid } = readJwsHeader(token, types);
  const key = keys.find(kid);
  if (key === undefined) {
    const skipped = keys.skipped.find((one) => one.kid === kid);
    const reason = skipped === undefined ? '' : `: one is skipped, as ${skipped.reason}`;
    throw untrusted(`The issuer has no usable key with the "kid" of the token${reason}.`);
  }
  if (key.alg !== alg) throw untrusted('The "alg" of the token is not the one of its key.');
  const payload = await verifySignature(token as string, key);
  return { payload: parseObject(payload, 'payload'), key };
}

async function verifySignature(token: string, key: VerificationKey): Promise<Uint8Array> {
  try {
    return (await compactVerify(token, key.key, { algorithms: [key.alg] })).payload;
  } catch (cause) {
    // After any error of the library, the token is not verified.
    throw untrusted('The signature of the token does not verify.', cause);
  }
}

function decodePart(text: string, part: 'header' | 'payload' | 'signature'): Uint8Array {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw invalid(`The ${part} of the token is not canonical base64url.`);
  return bytes;
}

function readHeader(header: JsonObject, types: readonly (string | null)[]): TokenHeader {
  const { alg, kid, typ } = header;
  for (const member of ['crit', 'b64']) {
    if (Object.hasOwn(header, member)) throw invalid(`The header of the token has "${member}".`);
  }
  const typeIsAllowed =
    typ === undefined ? types.includes(null) : typeof typ === 'string' && types.includes(typ);
  if (!typeIsAllowed) throw invalid('The "typ" of the token is not one that is allowed here.');
  if (!isSignatureAlgorithm(alg)) throw untrusted('The "alg" of the token is not an accepted one.');
  if (typeof kid !== 'string') throw untrusted('The header of the token has no string "kid".');
  if (!isKidLength(kid)) throw untrusted('The "kid" of the token has more than 256 characters.');
  return typeof typ === 'string' ? { alg, kid, typ } : { alg, kid };
}

function parseObject(bytes: Uint8Array, part: 'header' | 'payload'): JsonObject {
  let value;
  try {
    value = parseStrictJson(bytes);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw invalid(`The ${part} of the token is not strict JSON: ${error.message}.`);
  }
  if (!isJsonObject(value)) throw invalid(`The ${part} of the token is not a JSON object.`);
  return value;
}

function invalid(message: string): ServiceError {
  return new ServiceError('license.invalid', message);
}

function untrusted(message: string, cause?: unknown): ServiceError {
  return new ServiceError('license.untrusted', message, { cause });
}
