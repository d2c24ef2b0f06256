import {
  accept,
  ecdsa,
  encode,
  inputOf,
  inverse,
  ORDER_P256 as n,
  p1363,
  reject,
  signatureOf,
  withSignature,
} from './compose.mjs';
import { claims } from './instance.mjs';
import { keyOf, number } from './keys.mjs';
import { bytesOf, der, sha } from './rsa.mjs';

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const VALUES = [
  ['0', 0n],
  ['1', 1n],
  ['2', 2n],
  ['half-n', n >> 1n],
  ['n-minus-1', n - 1n],
  ['n', n],
  ['n-plus-1', n + 1n],
  ['p', P],
  ['p-plus-1', P + 1n],
  ['all-ones', 2n ** 256n - 1n],
  ['two-to-the-255', 2n ** 255n],
];

/** RFC 7518, section 3.4 (two numbers of 32 bytes each), and FIPS 186-5, section 6.4.2 (both from 1 to n - 1). */
export function ecdsaEdges() {
  const key = keyOf('ES256');
  const input = inputOf('ES256');
  const own = ecdsa(key, input);
  const { r, s } = own;
  const good = p1363(own);
  const vectors = [];
  const put = (name, comment, signature) =>
    vectors.push(reject('license.untrusted', 'ES256', name, comment, withSignature(input, signature)));
  const pair = (a, b, size = 32) => Buffer.concat([bytesOf(a, size), bytesOf(b, size)]);

  for (const [a, first] of VALUES) {
    for (const [b, second] of VALUES)
      put(`r-${a}-s-${b}`, `FIPS 186-5, 6.4.2: r is ${a}, s is ${b}.`, pair(first, second));
    put(`r-${a}`, `FIPS 186-5, 6.4.2: r is ${a}, s is right.`, pair(first, s));
    put(`s-${a}`, `FIPS 186-5, 6.4.2: s is ${a}, r is right.`, pair(r, first));
  }
  // For this r, u1 * G and u2 * Q are opposite points whatever s is.
  const z = BigInt(`0x${sha('sha256', input).toString('hex')}`);
  const toInfinity = n - ((z * inverse(number(key.jwk.d), n)) % n);
  for (const [name, second] of [
    ['1', 1n],
    ['right', s],
    ['half-n', n >> 1n],
    ['n-minus-1', n - 1n],
  ])
    put(
      `point-at-infinity-s-${name}`,
      `FIPS 186-5, 6.4.2: u1 * G + u2 * Q is the point at infinity; s is ${name}.`,
      pair(toInfinity, second),
    );
  const changed = [
    ['swapped', s, r],
    ['r-negative', n - r, s],
    ['both-negative', n - r, n - s],
    ['r-plus-1', r + 1n, s],
    ['s-plus-1', r, s + 1n],
    ['s-inverse', r, inverse(s, n)],
    ['r-inverse', inverse(r, n), s],
    ['s-is-r', r, r],
    ['r-is-s', s, s],
    ['s-doubled', r, (2n * s) % n],
  ];
  for (const [name, a, b] of changed)
    put(name, `FIPS 186-5, 6.4.2: another pair of numbers (${name}).`, pair(a, b));
  for (const [name, a, b] of [
    ['r-plus-n', r + n, s],
    ['s-plus-n', r, s + n],
    ['both-plus-n', r + n, s + n],
  ])
    put(`${name}-in-33-bytes`, `RFC 7518, 3.4: ${name}, in numbers of 33 bytes.`, pair(a, b, 33));
  for (const size of [33, 34, 40, 48, 64, 66])
    put(`zero-padded-to-${size}`, `RFC 7518, 3.4: each number has 32 bytes, here ${size}.`, pair(r, s, size));
  for (const length of [1, 2, 31, 32, 33, 47, 48, 62, 63])
    put(
      `cut-to-${length}`,
      `RFC 7518, 3.4: the signature has 64 bytes, here ${length}.`,
      good.subarray(0, length),
    );
  for (const length of [1, 31, 32, 33, 63])
    put(
      `last-${length}`,
      `RFC 7518, 3.4: the signature has 64 bytes, here its last ${length}.`,
      good.subarray(64 - length),
    );
  for (const length of [64, 65, 72, 96, 128, 132])
    put(`zeros-${length}`, `FIPS 186-5, 6.4.2: ${length} zero bytes (CVE-2022-21449).`, Buffer.alloc(length));
  const around = [
    ['zero-before', [Buffer.alloc(1), good]],
    ['zero-behind', [good, Buffer.alloc(1)]],
    ['zeros-behind', [good, Buffer.alloc(32)]],
    ['byte-behind', [good, Buffer.from([1])]],
    ['twice', [good, good]],
    ['sec1-tag', [Buffer.from([4]), good]],
    ['r-alone-padded', [bytesOf(r, 64)]],
    ['s-alone-padded', [bytesOf(s, 64)]],
  ];
  for (const [name, parts] of around)
    put(name, `RFC 7518, 3.4: the signature is r and s and nothing else (${name}).`, Buffer.concat(parts));
  put(
    'little-endian',
    'RFC 7518, 3.4: the numbers are big-endian.',
    Buffer.concat([bytesOf(r, 32).reverse(), bytesOf(s, 32).reverse()]),
  );
  put('reversed', 'RFC 7518, 3.4: the whole signature reversed.', Buffer.from(good).reverse());
  put('in-hex', 'RFC 7518, 3.4: the signature in hexadecimal.', Buffer.from(good.toString('hex')));
  for (let byte = 0; byte < 64; byte += 4) {
    const flipped = Buffer.from(good);
    flipped[byte] ^= 1 << (byte % 8);
    put(`bit-of-byte-${byte}`, `FIPS 186-5, 6.4.2: one bit of byte ${byte} is flipped.`, flipped);
  }
  const integer = (value, form) => {
    const bytes = bytesOf(value);
    return der(2, bytes[0] > 127 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes, form);
  };
  for (const form of ['short', '81', '82', 'indefinite'])
    put(
      `der-${form}`,
      `RFC 7518, 3.4: the signature is no DER (${form}).`,
      der(0x30, Buffer.concat([integer(r), integer(s)]), form),
    );
  put('der-zeros', 'RFC 7518, 3.4: DER of two zeros.', Buffer.from('3006020100020100', 'hex'));
  put(
    'der-low-s',
    'RFC 7518, 3.4: DER with the other s.',
    der(0x30, Buffer.concat([integer(r), integer(n - s)])),
  );
  put(
    'der-padded-to-64',
    'RFC 7518, 3.4: DER of small numbers, in 64 bytes.',
    Buffer.concat([Buffer.from('3006020101020101', 'hex'), Buffer.alloc(56)]),
  );
  for (const hash of ['sha1', 'sha224', 'sha384', 'sha512', 'sha3-256'])
    put(
      `hash-${hash}`,
      `RFC 7518, 3.4: ES256 hashes with SHA-256, here ${hash}.`,
      p1363(ecdsa(key, input, { hash })),
    );

  vectors.push(
    accept(
      'ES256',
      'other-s',
      'FIPS 186-5: (r, n - s) is valid too; the same license, as identity is by claims and not by signature.',
      withSignature(input, pair(r, n - s)),
      { flags: ['malleable'] },
    ),
  );
  for (const [name, nonce] of [
    ['1', 1n],
    ['2', 2n],
    ['n-minus-1', n - 1n],
    ['n-minus-2', n - 2n],
    ['half-n', n >> 1n],
    ['two-to-the-128', 2n ** 128n],
  ]) {
    vectors.push(
      accept(
        'ES256',
        `nonce-${name}`,
        `FIPS 186-5, 6.4: a valid signature whose nonce is ${name}.`,
        withSignature(input, p1363(ecdsa(key, input, { nonce }))),
      ),
    );
  }
  for (const [name, at] of [
    ['r', 0],
    ['s', 32],
  ]) {
    const [text, signature] = withZeroAt(key, at);
    const half = [signature.subarray(0, 32), signature.subarray(32)];
    const cut = at === 0 ? [half[0].subarray(1), half[1]] : [half[0], half[1].subarray(1)];
    vectors.push(
      accept(
        'ES256',
        `${name}-with-leading-zero`,
        `RFC 7518, 3.4: ${name} begins with a zero byte, which belongs to it.`,
        withSignature(text, signature),
      ),
    );
    vectors.push(
      reject(
        'license.untrusted',
        'ES256',
        `${name}-leading-zero-dropped`,
        `RFC 7518, 3.4: the leading zero byte of ${name} was dropped.`,
        `${text}.${encode(Buffer.concat(cut))}`,
      ),
    );
  }
  return vectors;
}

/** @returns a signing input whose signature has a zero byte at a place */
function withZeroAt(key, at) {
  for (let count = 0; ; count += 1) {
    const input = inputOf('ES256', { payload: claims({ jti: `zero-${count}` }) });
    const signature = signatureOf(input, key);
    if (signature[at] === 0) return [input, signature];
  }
}
