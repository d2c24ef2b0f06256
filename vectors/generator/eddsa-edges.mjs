import { inputOf, reject, signatureOf, withSignature } from './compose.mjs';
import { keyOf, strangerOf } from './keys.mjs';
import { sha } from './rsa.mjs';
import { add, BASE, encodePoint, L, little, P, pointTimes, toLittle } from './ed25519.mjs';

/** The eight points of small order and their other encodings, little-endian. */
const SMALL = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

/** RFC 8032, section 5.1.7: S below L, R the one encoding of the point that the equation gives; RFC 8037, section 3.1. */
export function eddsaEdges() {
  const key = keyOf('EdDSA');
  const input = inputOf('EdDSA');
  const good = signatureOf(input, key);
  const [R, S] = [good.subarray(0, 32), good.subarray(32)];
  const s = little(S);
  const vectors = [];
  const put = (name, comment, ...parts) =>
    vectors.push(
      reject(
        'license.untrusted',
        'EdDSA',
        name,
        `RFC 8032, 5.1.7: ${comment}.`,
        withSignature(input, Buffer.concat(parts)),
      ),
    );

  for (let times = 1n; s + times * L < 2n ** 256n; times += 1n)
    put(
      `s-plus-${times}-l`,
      `S is ${times} L too large: the same modulo L, and refused`,
      R,
      toLittle(s + times * L),
    );
  const values = [
    ['0', 0n],
    ['1', 1n],
    ['l-minus-1', L - 1n],
    ['l', L],
    ['l-plus-1', L + 1n],
    ['two-l', 2n * L],
    ['p', P],
    ['all-ones', 2n ** 256n - 1n],
    ['two-to-the-252', 2n ** 252n],
    ['two-to-the-253', 2n ** 253n],
    ['two-to-the-255', 2n ** 255n],
    ['negative', L - s],
    ['plus-1', (s + 1n) % L],
    ['doubled', (2n * s) % L],
  ];
  for (const [name, value] of values) {
    put(`s-${name}`, `S is ${name}, R is right`, R, toLittle(value));
    put(`s-${name}-r-zero`, `S is ${name}, R is zeros`, Buffer.alloc(32), toLittle(value));
  }
  for (const bit of [5, 6, 7]) {
    const changed = Buffer.from(S);
    changed[31] ^= 1 << bit;
    put(`s-bit-${248 + bit}`, `bit ${248 + bit} of S is set`, R, changed);
  }
  SMALL.forEach((hex, at) => {
    const point = Buffer.from(hex, 'hex');
    put(`small-r-${at}`, 'R is a point of small order, or another text of one', point, S);
    put(`small-r-${at}-s-0`, 'R is a point of small order, S is 0', point, Buffer.alloc(32));
    put(`small-r-${at}-s-1`, 'R is a point of small order, S is 1', point, toLittle(1n));
  });
  // The equation holds for the neutral point, but only its one encoding is a signature.
  const secret = sha('sha512', Buffer.from(key.jwk.d, 'base64url'));
  const a = little(
    Buffer.concat([
      Buffer.from([secret[0] & 248]),
      secret.subarray(1, 31),
      Buffer.from([(secret[31] & 63) | 64]),
    ]),
  );
  const A = Buffer.from(key.jwk.x, 'base64url');
  for (const at of [8, 10, 11]) {
    const point = Buffer.from(SMALL[at], 'hex');
    const h = little(sha('sha512', point, A, input)) % L;
    put(
      `neutral-r-text-${at}`,
      'R is another text of the neutral point, with the S that fits it',
      point,
      toLittle((h * a) % L),
    );
  }
  const sign = Buffer.from(R);
  sign[31] ^= 0x80;
  put('r-sign', 'the sign of R is flipped', sign, S);
  put('swapped', 'S and R are swapped', S, R);
  put('r-reversed', 'R is big-endian', Buffer.from(R).reverse(), S);
  put('s-reversed', 'S is big-endian', R, Buffer.from(S).reverse());
  put('r-is-key', 'R is the public key', A, S);
  put('r-is-base', 'R is the base point', encodePoint(BASE), S);
  put('zeros', 'all zeros', Buffer.alloc(64));
  put('ones', 'all ones', Buffer.alloc(64, 0xff));
  for (const length of [1, 16, 31, 32, 33, 48, 62, 63])
    put(`cut-to-${length}`, `${length} bytes of 64`, good.subarray(0, length));
  for (const [name, hex] of [
    ['zero', '00'],
    ['byte', '01'],
    ['32-zeros', '00'.repeat(32)],
    ['context', '0000'],
    ['message', Buffer.from('message').toString('hex')],
  ])
    put(`behind-${name}`, `more behind the signature (${name})`, good, Buffer.from(hex, 'hex'));
  put('zero-before', 'a zero byte before the signature', Buffer.alloc(1), good);
  put('twice', 'the signature twice', good, good);
  put('of-114-bytes', 'the length of an Ed448 signature', good, Buffer.alloc(50));
  for (let byte = 0; byte < 64; byte += 4) {
    const flipped = Buffer.from(good);
    flipped[byte] ^= 1 << (byte % 8);
    put(`bit-of-byte-${byte}`, `one bit of byte ${byte} is flipped`, flipped);
  }

  const variant = (
    prefix,
    message,
    { hash = 'sha512', challenge = (point) => sha(hash, prefix, point, A, message) } = {},
  ) => {
    const r = little(sha(hash, prefix, secret.subarray(32), message)) % L;
    const point = encodePoint(pointTimes(r, BASE));
    return Buffer.concat([point, toLittle((r + (little(challenge(point)) % L) * a) % L)]);
  };
  const dom2 = (flag, context) =>
    Buffer.concat([
      Buffer.from('SigEd25519 no Ed25519 collisions'),
      Buffer.from([flag, context.length]),
      Buffer.from(context),
    ]);
  if (!variant(Buffer.alloc(0), Buffer.from(input)).equals(good))
    throw new Error('the signatures by hand are wrong');
  put('ed25519ph', 'this is Ed25519ph', variant(dom2(1, ''), sha('sha512', input)));
  put(
    'ed25519ph-context',
    'this is Ed25519ph with a context',
    variant(dom2(1, 'license'), sha('sha512', input)),
  );
  put('ed25519ctx', 'this is Ed25519ctx', variant(dom2(0, 'license'), Buffer.from(input)));
  put('ed25519ctx-empty', 'this is Ed25519ctx without a context', variant(dom2(0, ''), Buffer.from(input)));
  put('prehashed', 'the hash of the message was signed', variant(Buffer.alloc(0), sha('sha512', input)));
  put(
    'prehashed-sha256',
    'the SHA-256 of the message was signed',
    variant(Buffer.alloc(0), sha('sha256', input)),
  );
  put(
    'sha3',
    'SHA3-512 in the place of SHA-512',
    variant(Buffer.alloc(0), Buffer.from(input), { hash: 'sha3-512' }),
  );
  put(
    'challenge-without-key',
    'the challenge was made without the key',
    variant(Buffer.alloc(0), Buffer.from(input), { challenge: (point) => sha('sha512', point, input) }),
  );
  put(
    'challenge-without-r',
    'the challenge was made without R',
    variant(Buffer.alloc(0), Buffer.from(input), { challenge: () => sha('sha512', A, input) }),
  );
  const r = 12345n;
  const unrelated = encodePoint(add(pointTimes(r, BASE), BASE));
  put(
    'r-plus-base',
    'R is one base point off',
    unrelated,
    toLittle((r + (little(sha('sha512', unrelated, A, input)) % L) * a) % L),
  );
  put('stranger', "a stranger's key signed", signatureOf(input, strangerOf('EdDSA')));
  put('second-key', "the issuer's second key signed", signatureOf(input, keyOf('EdDSA', 2)));
  return vectors;
}
