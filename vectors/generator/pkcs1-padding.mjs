import { accept, inputOf, reject, signatureOf, withSignature } from './compose.mjs';
import { claims } from './instance.mjs';
import { keyOf } from './keys.mjs';
import { der, pkcs1, pss, rawRsa, rsaEdges, sha } from './rsa.mjs';

const OIDS = {
  sha1: '2b0e03021a',
  md5: '2a864886f70d0205',
  sha224: '608648016503040204',
  sha256: '608648016503040201',
  sha384: '608648016503040202',
  sha512: '608648016503040203',
  'sha512-256': '608648016503040206',
  'sha3-256': '608648016503040208',
  rsa: '2a864886f70d010101',
  'sha256-with-rsa': '2a864886f70d01010b',
};
const DIGESTS = {
  sha1: 'sha1',
  md5: 'md5',
  sha224: 'sha224',
  sha384: 'sha384',
  sha512: 'sha512',
  'sha512-256': 'sha512-256',
  'sha3-256': 'sha3-256',
};
const FORMS = ['81', '82', '83', '84', '88', 'indefinite', 'longer', 'shorter', 'zero'];
const NULL = Buffer.from('0500', 'hex');

/** A DigestInfo (RFC 8017, section 9.2), with the writing of each of its five elements open to choice. */
function digestInfo(
  digest,
  { oid = OIDS.sha256, params = NULL, forms = {}, tags = {}, inAlgorithm = '', inInfo = '' } = {},
) {
  const id = der(tags.oid ?? 0x06, Buffer.from(oid, 'hex'), forms.oid);
  const algorithm = der(
    tags.algorithm ?? 0x30,
    Buffer.concat([id, params, Buffer.from(inAlgorithm, 'hex')]),
    forms.algorithm,
  );
  const octets = der(tags.digest ?? 0x04, digest, forms.digest);
  return der(tags.info ?? 0x30, Buffer.concat([algorithm, octets, Buffer.from(inInfo, 'hex')]), forms.info);
}

/** Every class of modified PKCS #1 padding that Wycheproof knows, rebuilt: RFC 8017, section 8.2.2, compares whole encodings. */
export function pkcs1Padding() {
  const key = keyOf('RS256');
  const input = inputOf('RS256');
  const digest = sha('sha256', input);
  const info = digestInfo(digest);
  const vectors = [];
  const put = (name, comment, signature) =>
    vectors.push(
      reject(
        'license.untrusted',
        'RS256',
        name,
        `RFC 8017, 8.2.2: ${comment}.`,
        withSignature(input, signature),
      ),
    );
  const encoded = (name, comment, em) => put(name, comment, rawRsa(key, em));

  for (const type of [0, 2, 3, 4, 0x10, 0x7f, 0x80, 0xff])
    encoded(`block-type-${type}`, `the block type is ${type}, not 1`, pkcs1(info, { type }));
  for (const first of [1, 2, 0x40])
    encoded(`first-byte-${first}`, `the first byte is ${first}, not 0`, pkcs1(info, { first }));
  for (const separator of [1, 2, 0x7f, 0xff])
    encoded(
      `separator-${separator}`,
      `the byte behind the padding is ${separator}, not 0`,
      pkcs1(info, { separator }),
    );
  for (const fill of [0, 1, 0x7f, 0xfe])
    encoded(`fill-${fill}`, `the padding is of bytes ${fill}`, pkcs1(info, { fill }));
  for (const at of [2, 3, 9, 10, 11, 50, 100, 150, 200, 202, 203]) {
    for (const value of [0, 0xfe, 0x7f]) {
      const em = pkcs1(info);
      em[at] = value;
      encoded(`padding-byte-${at}-is-${value}`, `one byte of the padding is ${value}`, em);
    }
  }
  for (const padding of [0, 1, 7, 8, 9, 16, 64, 128, 200, 201]) {
    const em = pkcs1(info, { padding, after: '00'.repeat(202 - padding) });
    encoded(
      `short-padding-${padding}-zeros`,
      `${padding} bytes of padding and zeros behind the hash (Bleichenbacher 2006)`,
      em,
    );
    encoded(
      `short-padding-${padding}-garbage`,
      `${padding} bytes of padding and garbage behind the hash (Bleichenbacher 2006)`,
      pkcs1(info, { padding, after: 'a5'.repeat(202 - padding) }),
    );
  }
  encoded(
    'no-separator',
    'no byte between padding and hash',
    Buffer.concat([pkcs1(info).subarray(0, 2), Buffer.from([0xff]), pkcs1(info).subarray(2, 204), info]),
  );
  encoded(
    'info-first',
    'the hash stands before the padding',
    Buffer.concat([Buffer.from([0, 1]), info, Buffer.alloc(203, 0xff)]),
  );
  encoded('two-infos', 'the DigestInfo is there twice', pkcs1(Buffer.concat([info, info])));
  encoded(
    'no-padding',
    'the hash alone in a number of full length',
    Buffer.concat([Buffer.alloc(224), digest]),
  );
  encoded(
    'info-without-padding',
    'the DigestInfo alone in a number of full length',
    Buffer.concat([Buffer.alloc(205), info]),
  );
  encoded('raw-hash', 'the hash without its DigestInfo', pkcs1(digest));
  encoded('hash-in-octets', 'the hash as an octet string without its algorithm', pkcs1(der(4, digest)));
  encoded('empty', 'padding alone', pkcs1(Buffer.alloc(0)));
  encoded(
    'iso-9796',
    'another padding (ISO 9796-2)',
    Buffer.concat([Buffer.from([0x6a]), Buffer.alloc(222, 0xbb), digest, Buffer.from([0xbc])]),
  );
  encoded('pss', 'the other padding of RFC 8017 (PSS)', pss(key, input));
  encoded(
    'x931',
    'another padding (ANSI X9.31)',
    Buffer.concat([
      Buffer.from([0x6b]),
      Buffer.alloc(220, 0xbb),
      Buffer.from([0xba]),
      digest,
      Buffer.from([0x34, 0xcc]),
    ]),
  );

  for (const [element, what] of [
    ['info', 'the DigestInfo'],
    ['algorithm', 'the algorithm'],
    ['oid', 'the OID'],
    ['digest', 'the hash'],
  ]) {
    for (const form of FORMS)
      encoded(
        `length-of-${element}-${form}`,
        `the length of ${what} is written in the form "${form}" (BER, or false)`,
        pkcs1(digestInfo(digest, { forms: { [element]: form } })),
      );
    for (const tag of [0x00, 0x02, 0x05, 0x24, 0x31, 0x70, 0x80, 0xb0])
      encoded(
        `tag-of-${element}-${tag.toString(16)}`,
        `the tag of ${what} is ${tag.toString(16)}`,
        pkcs1(digestInfo(digest, { tags: { [element]: tag } })),
      );
  }
  const params = [
    ['missing', ''],
    ['twice', '05000500'],
    ['null-of-one-byte', '050100'],
    ['null-long-length', '058100'],
    ['null-indefinite', '05800000'],
    ['null-without-length', '05'],
    ['octets', '0400'],
    ['integer', '020100'],
    ['sequence', '3000'],
    ['boolean', '0101ff'],
    ['oid', '0600'],
    ['null-with-garbage', '0502a5a5'],
    ['tag-80', '8000'],
    ['zeros', '0000'],
  ];
  for (const [name, hex] of params)
    encoded(
      `parameters-${name}`,
      `the parameters of the hash are not one NULL: ${name}`,
      pkcs1(digestInfo(digest, { params: Buffer.from(hex, 'hex') })),
    );
  for (const garbage of ['00', '0000', 'a5', '0500', '0400', '3000', '0000000000000000', '04020102']) {
    encoded(
      `in-algorithm-${garbage}`,
      `${garbage} behind the parameters`,
      pkcs1(digestInfo(digest, { inAlgorithm: garbage })),
    );
    encoded(
      `in-info-${garbage}`,
      `${garbage} behind the hash, inside of the DigestInfo`,
      pkcs1(digestInfo(digest, { inInfo: garbage })),
    );
    encoded(`behind-info-${garbage}`, `${garbage} behind the DigestInfo`, pkcs1(info, { after: garbage }));
  }
  for (let at = 0; at < 19; at += 1) {
    for (const bit of [0, 7]) {
      const changed = Buffer.from(info);
      changed[at] ^= 1 << bit;
      encoded(
        `prefix-byte-${at}-bit-${bit}`,
        `bit ${bit} of byte ${at} of the DigestInfo is flipped`,
        pkcs1(changed),
      );
    }
  }
  for (const [name, oid] of Object.entries(OIDS)) {
    if (name !== 'sha256')
      encoded(
        `oid-${name}`,
        `the OID is that of ${name}, the hash is SHA-256`,
        pkcs1(digestInfo(digest, { oid })),
      );
    if (DIGESTS[name])
      encoded(
        `hash-${name}`,
        `OID and hash are those of ${name}`,
        pkcs1(digestInfo(sha(DIGESTS[name], input), { oid })),
      );
  }
  for (const [name, oid] of [
    ['long-arc', '60864801650304020180'],
    ['padded-arc', '60868048016503040201'],
    ['cut', '6086480165030402'],
    ['longer', '60864801650304020101'],
    ['empty', ''],
  ])
    encoded(
      `oid-${name}`,
      `the OID of SHA-256 is written wrongly: ${name}`,
      pkcs1(digestInfo(digest, { oid })),
    );
  for (const length of [0, 1, 16, 20, 28, 31])
    encoded(
      `hash-of-${length}-bytes`,
      `the hash is cut to ${length} bytes`,
      pkcs1(digestInfo(digest.subarray(0, length))),
    );
  for (const more of [1, 16, 32])
    encoded(
      `hash-longer-by-${more}`,
      'zeros behind the hash',
      pkcs1(digestInfo(Buffer.concat([digest, Buffer.alloc(more)]))),
    );
  for (const at of [0, 1, 15, 16, 30, 31]) {
    const changed = Buffer.from(digest);
    changed[at] ^= 0x80;
    encoded(`hash-byte-${at}`, `one bit of byte ${at} of the hash is flipped`, pkcs1(digestInfo(changed)));
  }
  encoded('hash-of-zeros', 'the hash is zeros', pkcs1(digestInfo(Buffer.alloc(32))));
  encoded('hash-of-nothing', 'the hash is that of an empty message', pkcs1(digestInfo(sha('sha256', ''))));
  encoded('hash-of-hash', 'the message was hashed twice', pkcs1(digestInfo(sha('sha256', digest))));
  encoded(
    'hash-in-hex',
    'the hash is written in hexadecimal',
    pkcs1(digestInfo(Buffer.from(digest.toString('hex')))),
  );

  for (const [name, signature] of rsaEdges(key, signatureOf(input, key)))
    put(
      `number-${name}`,
      `the signature is a number of exactly 256 bytes below n that decrypts to the one encoding; here: ${name}`,
      signature,
    );
  const [short, signature] = withLeadingZero(key);
  vectors.push(
    accept(
      'RS256',
      'signature-with-leading-zero',
      'RFC 8017, 4.1: a signature that begins with a zero byte, which belongs to it.',
      withSignature(short, signature),
    ),
  );
  vectors.push(
    reject(
      'license.untrusted',
      'RS256',
      'leading-zero-dropped',
      'RFC 8017, 8.2.2: the leading zero byte of the signature was dropped.',
      withSignature(short, signature.subarray(1)),
    ),
  );
  return vectors;
}

/** @returns a signing input whose signature begins with a zero byte */
function withLeadingZero(key) {
  for (let count = 0; ; count += 1) {
    const input = inputOf('RS256', { payload: claims({ jti: `zero-${count}` }) });
    const signature = signatureOf(input, key);
    if (signature[0] === 0) return [input, signature];
  }
}
