import { setImmediate } from 'node:timers/promises';
import { isJsonObject, type JsonValue } from './strict-json.js';
import { readKid, readVerificationKey, UnusableKeyError, type VerificationKey } from './verification-key.js';

/** The most keys that a set may have, usable or not. */
export const MAX_KEYS = 100;

/** A member of a set that is not used, and why, in a few words that quote nothing of it. */
export interface SkippedKey {
  /** Where it stands in the set, from 0: not every key has a name. */
  readonly index: number;
  /** Null when it has none that a key can have. */
  readonly kid: string | null;
  readonly reason: string;
}

/** The keys of an issuer that can be used, each for its one algorithm. */
export interface KeySet {
  find(kid: string): VerificationKey | undefined;
  readonly kids: readonly string[];
  readonly skipped: readonly SkippedKey[];
  /** How many keys can be used. */
  readonly size: number;
}

/** A document is no key set at all. The message is a whole sentence. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

/** A map, so that no `kid` has a meaning of its own: `__proto__` is one like any other. */
class KeySetOfMap implements KeySet {
  constructor(
    private readonly keys: ReadonlyMap<string, VerificationKey>,
    readonly skipped: readonly SkippedKey[],
  ) {}

  find(kid: string): VerificationKey | undefined {
    return this.keys.get(kid);
  }

  get kids(): readonly string[] {
    return [...this.keys.keys()];
  }

  get size(): number {
    return this.keys.size;
  }
}

/** The set of an issuer of whom no key is known. */
export const emptyKeySet: KeySet = new KeySetOfMap(new Map(), []);

/**
 * Reads a JSON Web Key Set (RFC 7517, section 5) with the rules of `docs/tokens.md`. A key that cannot be used
 * is skipped and reported, the others count. Two usable keys of one `kid` are skipped both, as nobody could say
 * which one is meant, unless they are the same key for the same algorithm.
 *
 * @throws {KeySetError} when it is no object with a `keys` array of at most 100 members.
 */
export async function readKeySet(jwks: JsonValue): Promise<KeySet> {
  const members = isJsonObject(jwks) ? jwks.keys : undefined;
  if (!Array.isArray(members)) throw new KeySetError('The key set is no object with an array "keys".');
  if (members.length > MAX_KEYS) throw new KeySetError(`The key set has more than ${MAX_KEYS} keys.`);

  const keys: (VerificationKey | SkippedKey)[] = [];
  for (const [index, member] of members.entries()) {
    keys.push(await readMember(member, index));
    // A look at a key takes milliseconds: requests have a turn after each.
    await setImmediate();
  }
  const found = new Map<string, VerificationKey>();
  const ambiguous = new Set<string>();
  for (const key of keys) {
    if ('reason' in key) continue;
    const earlier = found.get(key.kid);
    if (earlier !== undefined && !isSameKey(earlier, key)) ambiguous.add(key.kid);
    found.set(key.kid, key);
  }
  for (const kid of ambiguous) found.delete(kid);
  const skipped = keys.flatMap((key, index): SkippedKey[] => {
    if ('reason' in key) return [key];
    const { kid } = key;
    return ambiguous.has(kid) ? [{ index, kid, reason: 'several different keys have this "kid"' }] : [];
  });
  return new KeySetOfMap(found, skipped);
}

/** A skipped key for a log or a terminal, in half a sentence. */
export function describeSkippedKey({ index, kid, reason }: SkippedKey): string {
  const name = kid === null ? '' : ` ("${printableKid(kid)}")`;
  return `key ${index + 1}${name} cannot be used: ${reason}`;
}

async function readMember(member: JsonValue, index: number): Promise<VerificationKey | SkippedKey> {
  if (!isJsonObject(member)) return { index, kid: null, reason: 'it is no object' };
  try {
    return await readVerificationKey(member);
  } catch (error) {
    if (!(error instanceof UnusableKeyError)) throw error;
    return { index, kid: readKid(member), reason: error.message };
  }
}

/** A `kid` is the issuer's text: what a terminal or a reader of lines would obey is escaped. */
export function printableKid(kid: string): string {
  return kid.replace(
    /["\\\p{C}]|(?! )\p{Z}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** The public members are in their only form by now, so equal keys have equal texts. */
function isSameKey(a: VerificationKey, b: VerificationKey): boolean {
  const members = ['kty', 'alg', 'n', 'e', 'crv', 'x', 'y'] as const;
  return members.every((member) => a.jwk[member] === b.jwk[member]);
}
