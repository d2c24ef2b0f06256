import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto';

/** A hashed password (scrypt, RFC 7914). */
export interface PasswordHash {
  /** The binary logarithm of scrypt's N. */
  readonly logN: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** One of the settings that OWASP's password storage cheat sheet calls equal: 32 MiB a guess. */
const DEFAULT = { logN: 15, parallelism: 3 };
const BLOCK_SIZE = 8;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Weaker is easy to guess; stronger would let one sign-in take seconds and half a gigabyte. */
const LOG_N = { min: 14, max: 17 };
const MAX_PARALLELISM = 4;
const MAX_MEMORY_BYTES = 2 ** 28;

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=8,p=(\d)\$([A-Za-z0-9+/]{22,88})\$([A-Za-z0-9+/]{43})$/;

/** @returns the hash of a password with a new salt, as text (PHC string format) */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, { ...DEFAULT, salt });
  const { logN, parallelism } = DEFAULT;
  return `$scrypt$ln=${logN},r=${BLOCK_SIZE},p=${parallelism}$${base64(salt)}$${base64(hash)}`;
}

/** @returns undefined for a text that is no such hash, or one that is too weak or too expensive */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, ln, p, salt, hash] = FORM.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const [logN, parallelism] = [Number(ln), Number(p)];
  if (logN < LOG_N.min || logN > LOG_N.max || parallelism < 1 || parallelism > MAX_PARALLELISM)
    return undefined;
  return { logN, parallelism, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** Takes some 100 ms and 32 MiB in another thread, right or wrong. */
export async function isPassword(password: string, { hash, ...made }: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, made), hash);
}

/** A hash that no password has: comparing with it takes as long as with a real one. */
export function nobodysPasswordHash(): PasswordHash {
  return { ...DEFAULT, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
}

function derive(
  password: string,
  { logN, parallelism, salt }: Pick<PasswordHash, 'logN' | 'parallelism' | 'salt'>,
): Promise<Buffer> {
  const options: ScryptOptions = {
    N: 2 ** logN,
    r: BLOCK_SIZE,
    p: parallelism,
    maxmem: MAX_MEMORY_BYTES,
  };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Without padding, as the format has it. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
