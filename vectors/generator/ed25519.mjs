/** Edwards25519 (RFC 8032, section 5.1), as far as signatures by hand need it. Slow, and not of constant time. */
export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** In extended coordinates: x/z, y/z and xy/z. */
const X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960n;
export const BASE = [X, Y, 1n, (X * Y) % P];
const NEUTRAL = [0n, 1n, 1n, 0n];
const mod = (value) => ((value % P) + P) % P;

/** RFC 8032, section 5.1.4. */
export function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

export function pointTimes(factor, point) {
  let result = NEUTRAL;
  for (let rest = factor, power = point; rest > 0n; rest >>= 1n, power = add(power, power)) {
    if (rest & 1n) result = add(result, power);
  }
  return result;
}

export function encodePoint([x, y, z]) {
  let inverse = 1n;
  for (let rest = P - 2n, power = mod(z); rest > 0n; rest >>= 1n, power = mod(power * power)) {
    if (rest & 1n) inverse = mod(inverse * power);
  }
  return toLittle(mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n));
}

/** The number of little-endian bytes. */
export const little = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

export const toLittle = (value) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
