import { inputOf, reject, signatureOf, signed, withSignature } from './compose.mjs';
import { MAIN } from './instance.mjs';
import { keyOf } from './keys.mjs';

const SPELLINGS = [
  'none',
  'None',
  'NONE',
  'nOnE',
  'noNe',
  'none ',
  ' none',
  'none\0',
  '\0none',
  'none\n',
  '\tnone',
  'n\u043ene',
  '\uff4e\uff4f\uff4e\uff45',
  'no\u200bne',
  'none\ufeff',
  'nonе',
  'null',
  'nil',
  'undefined',
  'false',
  '',
  ' ',
  '-',
  'NULL',
  'plain',
  'unsecured',
  '*',
  'any',
  'auto',
  'none,',
  'none;',
];

/** RFC 7518, section 3.6, and RFC 8725, section 3.2: `none` is never accepted, however it is spelled. */
export function noneLookAlikes() {
  return MAIN.flatMap((alg) => {
    const key = keyOf(alg);
    const vectors = [];
    SPELLINGS.forEach((spelling, at) => {
      const input = inputOf(alg, { header: { alg: spelling } });
      const shown = JSON.stringify(spelling);
      const name = `spelling-${String(at).padStart(2, '0')}`;
      vectors.push(
        reject(
          'license.untrusted',
          alg,
          `${name}-signed`,
          `RFC 8725, 3.2: "alg" is ${shown}; even a sound signature by the key of "kid" does not help.`,
          withSignature(input, signatureOf(input, key)),
        ),
        reject(
          'license.invalid',
          alg,
          `${name}-unsigned`,
          `RFC 7518, 3.6: "alg" is ${shown} and the signature is empty, which is no third part.`,
          `${input}.`,
        ),
      );
      if (at < 7)
        vectors.push(
          reject(
            'license.untrusted',
            alg,
            `${name}-one-byte`,
            `RFC 7518, 3.6: "alg" is ${shown} with one zero byte for a signature.`,
            `${input}.AA`,
          ),
          reject(
            'license.invalid',
            alg,
            `${name}-two-parts`,
            `RFC 7518, 3.6: "alg" is ${shown} in a token without a third part.`,
            input,
          ),
        );
    });
    const plain = inputOf(alg);
    vectors.push(
      reject(
        'license.untrusted',
        alg,
        'zero-signature',
        'RFC 7515, 5.2: the "alg" is right, the signature is zeros.',
        withSignature(plain, Buffer.alloc(signatureOf(plain, key).length)),
      ),
    );
    vectors.push(
      reject('license.invalid', alg, 'stripped', 'RFC 7515, 7.1: the signature was cut off.', `${plain}.`),
    );
    const kidless = JSON.stringify({ alg: 'none' });
    vectors.push(
      reject(
        'license.untrusted',
        alg,
        'no-kid',
        'RFC 8725, 3.2: "none" and no "kid", signed.',
        signed(alg, { header: kidless }),
      ),
    );
    return vectors;
  });
}
