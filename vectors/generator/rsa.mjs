import { constants, createHash, createHmac, privateEncrypt } from 'node:crypto';
import { number } from './keys.mjs';

export const sha = (name, ...data) =>
  data.reduce((hash, part) => hash.update(part), createHash(name)).digest();

/** Big-endian bytes of a number, at least so many. */
export function bytesOf(value, length = 0) {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(Math.max(hex.length + (hex.length % 2), length * 2), '0'), 'hex');
}

export const modulus = (key) => number(key.jwk.n);

/** The private operation on an encoded message, without any padding of its own (RFC 8017, section 5.2.1). */
export function rawRsa(key, encoded) {
  return privateEncrypt({ key: key.object, padding: constants.RSA_NO_PADDING }, encoded);
}

/** RFC 8017, section 9.2, around a DigestInfo of choice. */
export function pkcs1(
  info,
  { first = 0, type = 1, fill = 0xff, separator = 0, length = 256, padding, after = '' } = {},
) {
  const tail = Buffer.from(after, 'hex');
  const count = padding ?? length - 3 - info.length - tail.length;
  return Buffer.concat([
    Buffer.from([first, type]),
    Buffer.alloc(count, fill),
    Buffer.from([separator]),
    info,
    tail,
  ]);
}

/** One DER element; `form` writes its length in other ways (X.690, section 8.1.3). */
export function der(tag, content, form = 'short') {
  const forms = {
    short: [content.length],
    81: [0x81, content.length],
    82: [0x82, 0, content.length],
    83: [0x83, 0, 0, content.length],
    84: [0x84, 0, 0, 0, content.length],
    88: [0x88, 0, 0, 0, 0, 0, 0, 0, content.length],
    indefinite: [0x80],
    longer: [content.length + 1],
    shorter: [Math.max(content.length - 1, 0)],
    zero: [0],
  };
  const end = form === 'indefinite' ? [0, 0] : [];
  return Buffer.concat([Buffer.from([tag, ...forms[form]]), content, Buffer.from(end)]);
}

/** Bytes that depend on the key and the input alone: the files are the same in every run. */
export function deterministic(key, label, length) {
  const secret = JSON.stringify(key.jwk);
  const blocks = [];
  for (let block = 0; block * 64 < length; block += 1) {
    blocks.push(createHmac('sha512', secret).update(`${block}:${label}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** RFC 8017, section 9.1.1, with everything that can be done differently. */
export function pss(key, input, options = {}) {
  const {
    hash = 'sha256',
    saltLength = sha(hash, '').length,
    mgfHash = hash,
    trailer = 0xbc,
    separator = 1,
  } = options;
  const {
    salt = deterministic(key, `${input}${saltLength}`, saltLength),
    usedSalt = salt,
    zeros = 8,
    zero = 0,
  } = options;
  const { padAt, flipHash = false, digest = sha(hash, input) } = options;
  const h = sha(hash, Buffer.alloc(zeros, zero), digest, usedSalt);
  const db = Buffer.alloc(256 - h.length - 1);
  db[db.length - salt.length - 1] = separator;
  salt.copy(db, db.length - salt.length);
  if (padAt !== undefined) db[padAt] ^= 1;
  const mask = mgf1(mgfHash, h, db.length);
  const masked = Buffer.from(db.map((byte, at) => byte ^ mask[at]));
  masked[0] &= 0x7f;
  if (flipHash) h[0] ^= 1;
  return Buffer.concat([masked, h, Buffer.from([trailer])]);
}

function mgf1(hash, seed, length) {
  const blocks = [];
  for (let counter = 0; Buffer.concat(blocks).length < length; counter += 1) {
    blocks.push(sha(hash, seed, bytesOf(BigInt(counter), 4)));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** Numbers and lengths that are no signature whatever the padding, from one that is. */
export function rsaEdges(key, good) {
  const n = modulus(key);
  const s = BigInt(`0x${good.toString('hex')}`);
  const half = good.length / 2;
  const cases = [
    ['zero', bytesOf(0n, 256)],
    ['one', bytesOf(1n, 256)],
    ['two', bytesOf(2n, 256)],
    ['n-minus-1', bytesOf(n - 1n, 256)],
    ['n', bytesOf(n, 256)],
    ['n-plus-1', bytesOf(n + 1n, 256)],
    ['all-ones', Buffer.alloc(256, 0xff)],
    ['n-minus-s', bytesOf(n - s, 256)],
    ['s-plus-n', bytesOf(s + n, 256)],
    ['s-plus-2n', bytesOf(s + 2n * n, 256)],
    ['s-plus-1', bytesOf(s + 1n, 256)],
    ['s-squared', bytesOf((s * s) % n, 256)],
    ['s-inverted-bits', Buffer.from(good.map((byte) => byte ^ 255))],
    ['leading-zero-added', Buffer.concat([Buffer.alloc(1), good])],
    ['eight-leading-zeros-added', Buffer.concat([Buffer.alloc(8), good])],
    ['trailing-zero-added', Buffer.concat([good, Buffer.alloc(1)])],
    ['trailing-byte-added', Buffer.concat([good, Buffer.from([0xbc])])],
    ['first-byte-cut', good.subarray(1)],
    ['last-byte-cut', good.subarray(0, -1)],
    ['half', good.subarray(0, half)],
    ['one-byte', good.subarray(0, 1)],
    ['one-zero-byte', Buffer.alloc(1)],
    ['twice', Buffer.concat([good, good])],
    ['reversed', Buffer.from(good).reverse()],
    ['halves-swapped', Buffer.concat([good.subarray(half), good.subarray(0, half)])],
    ['of-4096-bits', Buffer.concat([Buffer.alloc(256), good])],
    ['in-hex', Buffer.from(good.toString('hex'))],
    ['in-base64', Buffer.from(good.toString('base64'))],
    ['in-der', Buffer.concat([Buffer.from('04820100', 'hex'), good])],
  ];
  for (const bit of [0, 1, 7, 8, 63, 127, 511, 1023, 1024, 1535, 2040, 2046, 2047]) {
    cases.push([`bit-${bit}-flipped`, bytesOf(s ^ (1n << BigInt(bit)), 256)]);
  }
  return cases;
}
