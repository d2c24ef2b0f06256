import { base64url } from './base64url.mjs';
import { claimTypes } from './claim-types.mjs';
import { confusion } from './confusion.mjs';
import { critical } from './critical.mjs';
import { ecdsaEdges } from './ecdsa-edges.mjs';
import { eddsaEdges } from './eddsa-edges.mjs';
import { embeddedKeys } from './embedded-keys.mjs';
import { instanceRules } from './instance-rules.mjs';
import { jsonText } from './json-text.mjs';
import { kid } from './kid.mjs';
import { noneLookAlikes } from './none-look-alikes.mjs';
import { pkcs1Padding } from './pkcs1-padding.mjs';
import { pssEncoding } from './pss-encoding.mjs';
import { times } from './times.mjs';
import { valid } from './valid.mjs';

/**
 * Every class: the name of its file, what it is about, and the function that makes its vectors. The cases that match
 * `spread` do not depend on the algorithm: each is kept for one of the four, in turn.
 */
export const CLASSES = [
  { name: 'valid', title: 'Tokens that must be accepted', make: valid, spread: /^(payload|bound)-/ },
  {
    name: 'base64url',
    title: 'Shape, size and base64url malleability',
    make: base64url,
    spread: /-(behind|before|inside)-/,
  },
  { name: 'none', title: '"none" and its look-alikes', make: noneLookAlikes },
  { name: 'confusion', title: 'Algorithm and key confusion', make: confusion },
  { name: 'kid', title: 'Tricks with "kid"', make: kid, spread: /./ },
  { name: 'embedded-keys', title: 'Keys that a token brings or names itself', make: embeddedKeys },
  { name: 'critical', title: '"crit", "b64" and "typ"', make: critical },
  { name: 'json', title: 'JSON oddities in header and payload', make: jsonText, spread: /./ },
  {
    name: 'claims',
    title: 'Claims missing, null, of another type, out of range',
    make: claimTypes,
    spread: /./,
  },
  { name: 'times', title: 'Moments, their leeway and the order of the rules', make: times },
  { name: 'instance', title: 'Issuer, root URL and product', make: instanceRules, spread: /./ },
  { name: 'pkcs1', title: 'RSASSA-PKCS1-v1_5: modified padding and numbers', make: pkcs1Padding },
  { name: 'pss', title: 'RSASSA-PSS: salt lengths, encoding and numbers', make: pssEncoding },
  { name: 'ecdsa', title: 'ECDSA on P-256: edge values and encodings', make: ecdsaEdges },
  { name: 'eddsa', title: 'Ed25519: edge values, malleability and its variants', make: eddsaEdges },
];
