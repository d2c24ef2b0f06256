import { createHmac, createPublicKey } from 'node:crypto';
import { encode, inputOf, reject, signatureOf, signed, withSignature } from './compose.mjs';
import { ALGORITHMS, claims, MAIN } from './instance.mjs';
import { keyOf, publicJwk, strangerOf } from './keys.mjs';

const UNTRUSTED = 'license.untrusted';
const NAMES = [
  ['lower-case', (alg) => alg.toLowerCase()],
  ['other-case', (alg) => alg.slice(0, -1) + alg.slice(-1).toUpperCase() + (alg === 'EdDSA' ? '' : ' ')],
  ['space-behind', (alg) => `${alg} `],
  ['space-before', (alg) => ` ${alg}`],
  ['nul-behind', (alg) => `${alg}\0`],
  ['line-feed', (alg) => `${alg}\n`],
  ['full-width', (alg) => String.fromCodePoint(alg.charCodeAt(0) + 0xfee0) + alg.slice(1)],
  ['in-array', (alg) => [alg]],
  ['two-in-array', (alg) => [alg, 'none']],
  ['in-object', (alg) => ({ alg })],
  ['null', () => null],
  ['true', () => true],
  ['number', () => 256],
  ['empty', () => ''],
  ['both', (alg) => `${alg},none`],
  ['prefix', (alg) => alg.slice(0, -1)],
  ['longer', (alg) => `${alg}0`],
  ['proto', () => '__proto__'],
  ['constructor', () => 'constructor'],
  ['to-string', () => 'toString'],
  ['has-own-property', () => 'hasOwnProperty'],
  ['zero-width', (alg) => `${alg.slice(0, 2)}\u200b${alg.slice(2)}`],
  ['byte-order-mark', (alg) => `\ufeff${alg}`],
];
const FOREIGN = [
  'HS256',
  'HS384',
  'HS512',
  'ES256K',
  'Ed25519',
  'Ed448',
  'Ed25519ph',
  'RS1',
  'RS224',
  'PS1',
  'ES1',
  'ES224',
  'HS1',
  'RSA1_5',
  'RSA-OAEP',
  'RSA-OAEP-256',
  'ECDH-ES',
  'A128KW',
  'A256GCMKW',
  'dir',
  'PBES2-HS256+A128KW',
  'A256GCM',
  'ML-DSA-65',
  'SHA256withRSA',
  'rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
];

/** RFC 8725, sections 2.1 and 3.1: a key is for its one algorithm, whatever the token says. */
export function confusion() {
  return MAIN.flatMap((alg) => [...otherAlgorithms(alg), ...names(alg), ...macs(alg), ...otherKeys(alg)]);
}

function canSignAs(key, alg) {
  if (key.jwk.n !== undefined) return alg.startsWith('RS') || alg.startsWith('PS');
  return key.alg === alg;
}

function otherAlgorithms(alg) {
  const key = keyOf(alg);
  return ALGORITHMS.filter((other) => other !== alg).flatMap((other) => {
    const comment = `RFC 8725, 3.1: "alg" is ${other}, but the key of "kid" is for ${alg}`;
    const input = inputOf(alg, { header: { alg: other } });
    const vectors = [
      reject(
        UNTRUSTED,
        alg,
        `header-${other}-signed-as-${alg}`,
        `${comment}; signed as ${alg}.`,
        withSignature(input, signatureOf(input, key)),
      ),
    ];
    if (canSignAs(key, other)) {
      vectors.push(
        reject(
          UNTRUSTED,
          alg,
          `header-${other}-signed-as-${other}`,
          `${comment}; signed as ${other} by that key.`,
          withSignature(input, signatureOf(input, key, other)),
        ),
        reject(
          UNTRUSTED,
          alg,
          `header-${alg}-signed-as-${other}`,
          `RFC 7515, 5.2: "alg" is ${alg}, but the signature is by ${other} with the right key.`,
          signed(alg, { signAs: other }),
        ),
      );
    } else {
      const theirs = keyOf(other);
      vectors.push(
        reject(
          UNTRUSTED,
          alg,
          `header-${other}-by-its-own-key`,
          `${comment}; signed by the issuer's key for ${other}.`,
          withSignature(input, signatureOf(input, theirs)),
        ),
      );
    }
    return vectors;
  });
}

function names(alg) {
  const made = NAMES.map(([name, make]) => [name, make(alg)]).filter(([, value]) => value !== alg);
  const vectors = [
    ...made,
    ...FOREIGN.map((name) => [`foreign-${name.replace(/[^A-Za-z0-9]+/g, '-')}`, name]),
  ].map(([name, value]) =>
    reject(
      UNTRUSTED,
      alg,
      `alg-${name}`,
      `RFC 7515, 4.1.1: "alg" is compared exactly with the accepted names; here it is ${JSON.stringify(value)}.`,
      signed(alg, { header: { alg: value } }),
    ),
  );
  const without = JSON.stringify({ kid: keyOf(alg).kid });
  vectors.push(
    reject(
      UNTRUSTED,
      alg,
      'alg-missing',
      'RFC 7515, 4.1.1: "alg" must be present.',
      signed(alg, { header: without }),
    ),
  );
  const member = JSON.stringify({ ALG: alg, kid: keyOf(alg).kid });
  vectors.push(
    reject(
      UNTRUSTED,
      alg,
      'alg-upper-case-member',
      'RFC 7515, 4: member names are case-sensitive, so there is no "alg".',
      signed(alg, { header: member }),
    ),
  );
  return vectors;
}

/** A public key used as the secret of an HMAC, in every text that it has. */
function macs(alg) {
  const { jwk } = keyOf(alg);
  const open = publicJwk(jwk);
  const object = createPublicKey({ key: open, format: 'jwk' });
  const secrets = [
    ['pem', object.export({ type: 'spki', format: 'pem' })],
    ['pem-trimmed', object.export({ type: 'spki', format: 'pem' }).trim()],
    ['der', object.export({ type: 'spki', format: 'der' })],
    ['jwk', JSON.stringify(open)],
    ['first-member', Buffer.from(jwk.n ?? jwk.x, 'base64url')],
    ['first-member-text', jwk.n ?? jwk.x],
    ['kid', jwk.kid],
    ['empty', ''],
    ['zeros', Buffer.alloc(32)],
  ];
  if (jwk.n)
    secrets.push(
      ['pkcs1-pem', object.export({ type: 'pkcs1', format: 'pem' })],
      ['pkcs1-der', object.export({ type: 'pkcs1', format: 'der' })],
    );
  return secrets.flatMap(([name, secret]) =>
    [
      ['HS256', 'sha256'],
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
      [alg, 'sha256'],
    ].map(([header, hash]) => {
      const input = inputOf(alg, { header: { alg: header } });
      const comment = `RFC 8725, 2.1: an HMAC (${hash}) with the public key's ${name} as its secret, under "alg" ${header}.`;
      return reject(
        UNTRUSTED,
        alg,
        `hmac-${header === alg ? 'own-alg' : header}-${name}`,
        comment,
        withSignature(input, createHmac(hash, secret).update(input).digest()),
      );
    }),
  );
}

function otherKeys(alg) {
  const second = keyOf(alg, 2);
  const first = keyOf(alg);
  const good = signed(alg);
  const [h, p, s] = good.split('.');
  const changed = encode(JSON.stringify(claims({ lid: '10501' })));
  return [
    reject(
      UNTRUSTED,
      alg,
      'signed-by-second-key',
      'RFC 7515, 4.1.4: "kid" names the first key, the issuer\'s second one signed.',
      signed(alg, { header: { kid: first.kid }, key: second }),
    ),
    reject(
      UNTRUSTED,
      alg,
      'names-second-key',
      'RFC 7515, 4.1.4: "kid" names the second key, the first one signed.',
      signed(alg, { header: { kid: second.kid } }),
    ),
    reject(
      UNTRUSTED,
      alg,
      'signed-by-stranger',
      'RFC 7515, 5.2: a key that the issuer never had signed under the issuer\'s "kid".',
      signed(alg, { key: strangerOf(alg) }),
    ),
    reject(
      UNTRUSTED,
      alg,
      'payload-replaced',
      'RFC 7515, 5.2: the payload is another one than was signed.',
      `${h}.${changed}.${s}`,
    ),
    reject(
      UNTRUSTED,
      alg,
      'header-replaced',
      'RFC 7515, 5.2: the header is another one than was signed.',
      `${encode(JSON.stringify({ typ: 'JWT', alg, kid: first.kid }))}.${p}.${s}`,
    ),
    reject(
      UNTRUSTED,
      alg,
      'payload-alone-signed',
      'RFC 7515, 5.1: the payload was signed without the header.',
      `${h}.${p}.${encode(signatureOf(p, first))}`,
    ),
    reject(
      UNTRUSTED,
      alg,
      'claims-signed',
      'RFC 7515, 5.1: the JSON of the claims was signed, not the signing input.',
      `${h}.${p}.${encode(signatureOf(JSON.stringify(claims()), first))}`,
    ),
    reject(
      UNTRUSTED,
      alg,
      'signed-without-dot',
      'RFC 7515, 5.1: header and payload were signed without the dot.',
      `${h}.${p}.${encode(signatureOf(h + p, first))}`,
    ),
  ];
}
