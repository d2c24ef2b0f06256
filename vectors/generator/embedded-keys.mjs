import { createPublicKey } from 'node:crypto';
import { reject, signed } from './compose.mjs';
import { MAIN } from './instance.mjs';
import { keyOf, publicJwk, strangerOf } from './keys.mjs';
import { sha } from './rsa.mjs';

/** RFC 7515, sections 4.1.2 to 4.1.8; RFC 8725, section 3.10: the attacker's key signs, and is brought along. */
export function embeddedKeys() {
  return MAIN.flatMap((alg) => {
    const key = strangerOf(alg);
    const jwk = publicJwk(key.jwk);
    const der = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
    const url = 'https://attacker.example.net/jwks.json';
    const members = [
      ['jwk', { jwk }],
      ['jwk-without-alg', { jwk: { ...jwk, alg: undefined } }],
      ['jwk-private', { jwk: key.jwk }],
      ['jwk-text', { jwk: JSON.stringify(jwk) }],
      ['jwk-of-issuer', { jwk: publicJwk(keyOf(alg).jwk) }],
      ['jwk-symmetric', { jwk: { kty: 'oct', k: 'AAAA', kid: jwk.kid } }],
      ['jwks', { jwks: { keys: [jwk] } }],
      ['keys', { keys: [jwk] }],
      ['key', { key: jwk }],
      ['jku', { jku: url }],
      ['jku-http', { jku: 'http://attacker.example.net/jwks.json' }],
      ['jku-of-issuer', { jku: 'https://issuer.example.com/.well-known/jwks.json' }],
      ['jku-userinfo', { jku: 'https://issuer.example.com@attacker.example.net/jwks.json' }],
      ['jku-open-redirect', { jku: `https://issuer.example.com/redirect?to=${url}` }],
      ['jku-metadata', { jku: 'http://169.254.169.254/latest/meta-data/' }],
      ['jku-loopback', { jku: 'http://127.0.0.1:1/' }],
      ['jku-file', { jku: 'file:///etc/passwd' }],
      ['jku-data', { jku: `data:application/json,${encodeURIComponent(JSON.stringify({ keys: [jwk] }))}` }],
      ['jku-fragment', { jku: `${url}#issuer.example.com` }],
      ['x5u', { x5u: 'https://attacker.example.net/chain.pem' }],
      ['x5c', { x5c: [der.toString('base64')] }],
      ['x5c-text', { x5c: der.toString('base64') }],
      ['x5t', { x5t: sha('sha1', der).toString('base64url') }],
      ['x5t-s256', { 'x5t#S256': sha('sha256', der).toString('base64url') }],
      ['jwk-and-jku', { jwk, jku: url }],
      ['iss-in-header', { iss: 'https://attacker.example.net', jwk }],
      ['url', { url }],
    ];
    return members.flatMap(([name, header]) => {
      const comment = `RFC 8725, 3.10: a stranger's key signed, and the header brings ${name}; a token does not bring its own key.`;
      return [
        reject('license.untrusted', alg, `${name}-under-issuers-kid`, comment, signed(alg, { header, key })),
        reject(
          'license.untrusted',
          alg,
          `${name}-under-own-kid`,
          `${comment} Its "kid" is no issuer's.`,
          signed(alg, { header: { ...header, kid: 'attacker' }, key }),
        ),
      ];
    });
  });
}
