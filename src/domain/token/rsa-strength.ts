import { checkPrime } from 'node:crypto';

/** A modulus has this many bits at least (RFC 7518, section 3.3) and at most (a check must stay cheap). */
const MIN_MODULUS_BITS = 2048;
const MAX_MODULUS_BITS = 8192;

const MIN_EXPONENT = 65537n;
const MAX_EXPONENT_BITS = 64;

/** Trial division goes up to this number: a few milliseconds for the largest modulus. */
const TRIAL_LIMIT = 10_000;

/** Rounds of Fermat's method: finds primes that differ in little more than their lower half. */
const FERMAT_ROUNDS = 100;

/**
 * Primes that vulnerable Infineon libraries built every key from (CVE-2017-15361, "The Return of Coppersmith's
 * Attack", 2017): for every key size, the product of the primes up to 167 is part of the construction.
 */
const ROCA_LIMIT = 167;
const ROCA_GENERATOR = 65537;

const ODD_PRIMES = oddPrimesBelow(TRIAL_LIMIT);
const ROCA_RESIDUES = ODD_PRIMES.filter((prime) => prime <= ROCA_LIMIT).map(
  (prime) => [BigInt(prime), powersOf(ROCA_GENERATOR, prime)] as const,
);

/**
 * What is wrong with an RSA public key, in a few words, or `undefined` when nothing is known to be: its size,
 * its exponent (an exponent of 1 makes every signature valid), a modulus that is prime, even, a square, has a
 * tiny factor or close ones, or that was made by a library with the ROCA flaw.
 */
export async function rsaWeakness(modulus: bigint, exponent: bigint): Promise<string | undefined> {
  const bits = bitLength(modulus);
  if (bits < MIN_MODULUS_BITS) return `the RSA modulus has fewer than ${MIN_MODULUS_BITS} bits`;
  if (bits > MAX_MODULUS_BITS) return `the RSA modulus has more than ${MAX_MODULUS_BITS} bits`;
  if (exponent < MIN_EXPONENT) return `the RSA exponent is below ${MIN_EXPONENT}`;
  if (exponent % 2n === 0n) return 'the RSA exponent is even';
  if (bitLength(exponent) > MAX_EXPONENT_BITS)
    return `the RSA exponent has more than ${MAX_EXPONENT_BITS} bits`;
  return known(modulus);
}

/**
 * What was found out about a modulus. The looks below cost up to a fifth of a second each, and an issuer shows the same
 * keys again and again.
 */
const findings = new Map<bigint, Promise<string | undefined>>();
const MAX_FINDINGS = 200;

function known(modulus: bigint): Promise<string | undefined> {
  let finding = findings.get(modulus);
  if (finding === undefined) {
    if (findings.size >= MAX_FINDINGS) findings.clear();
    finding = modulusWeakness(modulus);
    findings.set(modulus, finding);
  }
  return finding;
}

async function modulusWeakness(modulus: bigint): Promise<string | undefined> {
  if (modulus % 2n === 0n) return 'the RSA modulus is even';
  if (ODD_PRIMES.some((prime) => modulus % BigInt(prime) === 0n)) return 'the RSA modulus has a tiny factor';
  if (hasRocaFingerprint(modulus)) return 'the RSA modulus has the ROCA fingerprint';
  if (hasCloseFactors(modulus)) return 'the RSA modulus has factors that are too close';
  if (await isPrime(modulus)) return 'the RSA modulus is a prime';
  return undefined;
}

/** Bits up to the highest one that is set. */
function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** Vulnerable moduli are a power of 65537 modulo each of the primes; another modulus is by a chance of 2^-28. */
function hasRocaFingerprint(modulus: bigint): boolean {
  return ROCA_RESIDUES.every(([prime, powers]) => powers.has(Number(modulus % prime)));
}

/** Fermat: n = a^2 - b^2 with an a just above the root of n. The first round finds a perfect square. */
function hasCloseFactors(modulus: bigint): boolean {
  let a = squareRoot(modulus);
  if (a * a < modulus) a += 1n;
  let rest = a * a - modulus;
  for (let round = 0; round < FERMAT_ROUNDS; round += 1) {
    if (isSquare(rest)) return true;
    rest += 2n * a + 1n;
    a += 1n;
  }
  return false;
}

function isSquare(value: bigint): boolean {
  // Only 12 of 64 residues are squares modulo 64: most values need no root.
  const residue = Number(value & 63n);
  if (!SQUARES_MODULO_64.has(residue)) return false;
  const root = squareRoot(value);
  return root * root === value;
}

const SQUARES_MODULO_64 = new Set(Array.from({ length: 64 }, (_, root) => (root * root) % 64));

/** The root, rounded down, by Newton's method from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function isPrime(value: bigint): Promise<boolean> {
  return new Promise((resolve, reject) => {
    checkPrime(value, (error, prime) => {
      if (error) reject(error);
      else resolve(prime);
    });
  });
}

function oddPrimesBelow(limit: number): number[] {
  const primes: number[] = [];
  for (let candidate = 3; candidate < limit; candidate += 2) {
    const root = Math.sqrt(candidate);
    if (primes.every((prime) => prime > root || candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

/** All residues that the powers of the base take modulo the prime. */
function powersOf(base: number, prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * (base % prime)) % prime) powers.add(power);
  return powers;
}
