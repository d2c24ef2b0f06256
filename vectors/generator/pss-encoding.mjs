import { inputOf, reject, signatureOf, withSignature } from './compose.mjs';
import { keyOf } from './keys.mjs';
import { deterministic, modulus, pkcs1, pss, rawRsa, rsaEdges, sha } from './rsa.mjs';

/** RFC 7518, section 3.5: SHA-256, MGF1 with SHA-256 and a salt of exactly 32 bytes; RFC 8017, section 9.1.2, for the rest. */
export function pssEncoding() {
  const key = keyOf('PS256');
  const input = inputOf('PS256');
  const vectors = [];
  const put = (name, comment, signature) =>
    vectors.push(reject('license.untrusted', 'PS256', name, comment, withSignature(input, signature)));
  const encoded = (name, comment, options) =>
    put(name, `RFC 8017, 9.1.2: ${comment}.`, rawRsa(key, pss(key, input, options)));

  for (let saltLength = 0; saltLength <= 222; saltLength += 1) {
    if (saltLength === 32) continue;
    put(
      `salt-of-${saltLength}-bytes`,
      `RFC 7518, 3.5: the salt has 32 bytes, as the hash has; here ${saltLength}.`,
      rawRsa(key, pss(key, input, { saltLength })),
    );
  }
  for (const mgfHash of ['sha1', 'sha224', 'sha384', 'sha512', 'md5', 'sha3-256'])
    encoded(`mgf-${mgfHash}`, `the mask is made with ${mgfHash}`, { mgfHash });
  for (const hash of ['sha1', 'sha224', 'sha384', 'sha512', 'sha512-256', 'sha3-256']) {
    encoded(`hash-${hash}`, `the hash is ${hash} throughout`, { hash });
    encoded(`hash-${hash}-salt-32`, `the hash is ${hash} throughout, the salt has 32 bytes`, {
      hash,
      saltLength: 32,
    });
    encoded(`digest-${hash}`, `the message is hashed with ${hash}, the rest with SHA-256`, {
      digest: sha(hash, input),
    });
  }
  for (const trailer of [0x00, 0x01, 0x33, 0x34, 0xbb, 0xbd, 0xcc, 0xff])
    encoded(`trailer-${trailer.toString(16)}`, `the last byte is ${trailer.toString(16)}, not bc`, {
      trailer,
    });
  for (const separator of [0, 2, 0x7f, 0x80, 0x81, 0xff])
    encoded(`separator-${separator}`, `the byte before the salt is ${separator}, not 1`, { separator });
  for (const padAt of [0, 1, 2, 50, 100, 150, 188, 189])
    encoded(`padding-byte-${padAt}`, `byte ${padAt} of the padding is not zero`, { padAt });
  for (const zeros of [0, 1, 7, 9, 16])
    encoded(`prefix-of-${zeros}`, `${zeros} zero bytes stand before the hash, not 8`, { zeros });
  for (const zero of [1, 0xff])
    encoded(`prefix-byte-${zero}`, `the 8 bytes before the hash are ${zero}`, { zero });
  encoded('hash-flipped', 'one bit of H is flipped', { flipHash: true });
  encoded('salt-of-zeros-for-another', 'the salt that was hashed is not the one that is sent', {
    salt: Buffer.alloc(32),
    usedSalt: Buffer.alloc(32, 1),
  });
  encoded('salt-empty-in-hash', 'H was made without the salt', { usedSalt: Buffer.alloc(0) });
  encoded('salt-twice-in-hash', 'H was made with the salt twice', {
    salt: Buffer.alloc(32, 7),
    usedSalt: Buffer.alloc(64, 7),
  });
  encoded('hash-of-nothing', 'another message was hashed', { digest: sha('sha256', '') });
  encoded('hash-of-zeros', 'the hash is zeros', { digest: Buffer.alloc(32) });
  encoded('hash-of-hash', 'the message was hashed twice', { digest: sha('sha256', sha('sha256', input)) });
  encoded('message-unhashed', 'the message was not hashed', { digest: Buffer.from(input) });
  const good = pss(key, input);
  const raw = (name, comment, em) => put(name, `RFC 8017, 9.1.2: ${comment}.`, rawRsa(key, em));
  raw(
    'unmasked',
    'nothing is masked',
    Buffer.concat([Buffer.alloc(190), Buffer.from([1]), Buffer.alloc(32), good.subarray(223)]),
  );
  raw(
    'rotated',
    'the encoding is rotated by a byte',
    Buffer.concat([Buffer.alloc(1), good.subarray(0, 255)]),
  );
  raw(
    'h-before-db',
    'H stands before the masked part',
    Buffer.concat([Buffer.alloc(1), good.subarray(223, 255), good.subarray(1, 223), good.subarray(255)]),
  );
  raw(
    'pkcs1',
    'the other padding of RFC 8017',
    pkcs1(
      Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), sha('sha256', input)]),
    ),
  );
  raw('zeros', 'zeros and a trailer', Buffer.concat([Buffer.alloc(255), Buffer.from([0xbc])]));
  for (const [number, em] of topBitsSet(key, input))
    raw(`top-bit-set-${number}`, 'the leftmost bit, which belongs to no byte of the mask, is set', em);
  for (const at of [0, 1, 2, 100, 222, 223, 224, 240, 254]) {
    const em = Buffer.from(good);
    em[at] ^= 1;
    raw(`encoding-byte-${at}`, `one bit of byte ${at} of the encoding is flipped`, em);
  }
  for (const [name, signature] of rsaEdges(key, signatureOf(input, key)))
    put(
      `number-${name}`,
      `RFC 8017, 8.1.2: the signature is a number of exactly 256 bytes below n; here: ${name}.`,
      signature,
    );
  return vectors;
}

/** Good encodings but for their leftmost bit, that are less than the modulus all the same: with three salts. */
function topBitsSet(key, input) {
  const found = [];
  for (let salts = 0; found.length < 3; salts += 1) {
    const em = pss(key, input, { salt: deterministic(key, `top bit ${salts}`, 32) });
    em[0] |= 0x80;
    if (BigInt(`0x${em.toString('hex')}`) < modulus(key)) found.push([found.length + 1, em]);
  }
  return found;
}
