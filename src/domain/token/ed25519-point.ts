/** The field and curve of Ed25519 (RFC 8032, section 5.1): -x^2 + y^2 = 1 + d x^2 y^2 modulo 2^255 - 19. */
const P = 2n ** 255n - 19n;
const D = modulo(-121665n * power(121666n, P - 2n));
const SQUARE_ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

type Point = readonly [x: bigint, y: bigint];

/**
 * What is wrong with an Ed25519 public key, in a few words, or `undefined` when nothing is: its length, an
 * encoding that is not the point's only one, no point of the curve (RFC 8032, section 5.1.3), or a point of
 * small order, with which one signature fits many messages.
 */
export function ed25519Weakness(encoded: Uint8Array): string | undefined {
  if (encoded.length !== 32) return 'the Ed25519 key does not have 32 bytes';
  const number = BigInt(`0x${Buffer.from(encoded).reverse().toString('hex')}`);
  const point = decompress(number & (2n ** 255n - 1n), number >> 255n);
  if (point === undefined) return 'the Ed25519 key is no point of the curve';
  // Eight times a point of small order, and of no other, is the neutral one.
  const [x, y] = double(double(double(point)));
  return x === 0n && y === 1n ? 'the Ed25519 key is a point of small order' : undefined;
}

function decompress(y: bigint, sign: bigint): Point | undefined {
  if (y >= P) return undefined;
  const ySquared = modulo(y * y);
  const xSquared = modulo((ySquared - 1n) * inverse(modulo(D * ySquared + 1n)));
  let x = power(xSquared, (P + 3n) / 8n);
  if (modulo(x * x) !== xSquared) x = modulo(x * SQUARE_ROOT_OF_MINUS_ONE);
  if (modulo(x * x) !== xSquared) return undefined;
  if (x === 0n && sign === 1n) return undefined;
  return [(x & 1n) === sign ? x : P - x, y];
}

/** The sum of a point with itself (RFC 8032, section 5.1.4, in affine coordinates; complete for this curve). */
function double([x, y]: Point): Point {
  const product = modulo(D * modulo(x * x) * modulo(y * y));
  return [
    modulo(2n * x * y * inverse(modulo(1n + product))),
    modulo((y * y + x * x) * inverse(modulo(1n - product))),
  ];
}

function modulo(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = modulo(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = modulo(result * factor);
    factor = modulo(factor * factor);
  }
  return result;
}
