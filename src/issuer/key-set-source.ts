import { NamedFileError, readNamedFile, textOfFile } from '../config/named-file.js';
import { describeSkippedKey, type KeySet, KeySetError, readKeySet } from '../domain/token/key-set.js';
import { ServiceError } from '../domain/service-error.js';
import { parseStrictJson, StrictJsonError } from '../domain/token/strict-json.js';
import { badResponse } from './issuer-call-error.js';
import type { IssuerHttp } from './issuer-http.js';

/** Bounds of how long a key set is used without asking again, seconds. */
const MIN_AGE = 60;
const MAX_AGE = 24 * 3600;
/** When the issuer says nothing about it, seconds. */
const USUAL_AGE = 300;

/** More than a thousand elliptic keys. Bytes. */
const MAX_BYTES = 256 * 1024;

/** A key set, perhaps without one usable key, and how long it can be used without asking again, seconds. */
export interface FetchedKeySet {
  readonly keys: KeySet;
  readonly maxAge: number;
}

/** Fetches the issuer's published key set. @throws ServiceError `issuer.*` */
export async function fetchKeySet(http: IssuerHttp, url: URL): Promise<FetchedKeySet> {
  const answer = await http.get(url);
  if (answer.status !== 200) throw badResponse(new Error(`the key set's address answered ${answer.status}`));
  return { keys: await read(answer.body), maxAge: maxAge(answer.headers['cache-control']) };
}

/**
 * Reads a key set that an operator has put into a file, as without a network.
 * @throws NamedFileError, ServiceError `issuer.bad-response`
 */
export async function loadKeySetFile(path: string): Promise<FetchedKeySet> {
  return {
    keys: await read(Buffer.from(textOfFile(await readNamedFile(path, MAX_BYTES)))),
    maxAge: MIN_AGE,
  };
}

/** What an operator should know about the file of `ISSUER_JWKS_PATH` before a start, a sentence each. */
export async function inspectKeySetFile(path: string): Promise<string[]> {
  try {
    const { keys } = await loadKeySetFile(path);
    const skipped = keys.skipped.map((key) => `ISSUER_JWKS_PATH: ${describeSkippedKey(key)}.`);
    return keys.size > 0 ? skipped : [...skipped, 'ISSUER_JWKS_PATH names a key set without one usable key.'];
  } catch (error) {
    const cause = error instanceof ServiceError ? error.cause : error;
    const known = [NamedFileError, KeySetError, StrictJsonError].some((type) => cause instanceof type);
    if (!known) throw error;
    return [
      `ISSUER_JWKS_PATH names a file that is no key set: ${(cause as Error).message.replace(/\.$/, '')}.`,
    ];
  }
}

async function read(bytes: Uint8Array): Promise<KeySet> {
  try {
    return await readKeySet(parseStrictJson(bytes));
  } catch (error) {
    throw badResponse(error);
  }
}

/** `max-age` of a `Cache-Control` header (RFC 9111, section 5.2.2.1) within its bounds, seconds. */
function maxAge(header: string | undefined): number {
  const directive = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})/i.exec(header ?? '')?.[1];
  if (/(?:^|[\s,])no-(?:store|cache)/i.test(header ?? '')) return MIN_AGE;
  return directive === undefined ? USUAL_AGE : Math.min(MAX_AGE, Math.max(MIN_AGE, Number(directive)));
}
