import { reject, signed } from './compose.mjs';
import { MAIN } from './instance.mjs';
import { keyOf } from './keys.mjs';

const TEXTS = [
  '',
  ' ',
  '0',
  'unknown',
  '*',
  '.',
  '..',
  '/',
  '../../../../dev/null',
  '/dev/null',
  '/proc/self/environ',
  'C:\\NUL',
  '..\\..\\key',
  'file:///dev/null',
  'http://127.0.0.1/jwks.json',
  "' OR '1'='1",
  "x' UNION SELECT 'secret'--",
  "'; DROP TABLE license;--",
  '$(id)',
  '`id`',
  '| id',
  '; sleep 5',
  '${7*7}',
  '{{7*7}}',
  '%00',
  '\0',
  '\n',
  '\r\nX-Injected: 1',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '[object Object]',
  'undefined',
  'null',
  'NaN',
  '\ud800',
  '\udc00x',
  '\u202e',
  '\ufeff',
  '<script>',
  '(&(uid=*))',
  'x'.repeat(256),
  'x'.repeat(257),
  'x'.repeat(4096),
  '\u{1f511}'.repeat(256),
  '\u{1f511}'.repeat(257),
  '%s%s%n',
  '{"kid":1}',
];
const TYPES = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['number', 1],
  ['array', []],
  ['object', {}],
];

/** RFC 7515, section 4.1.4: `kid` is a case-sensitive string; it finds a key in the issuer's set and nothing else. */
export function kid() {
  return MAIN.flatMap((alg) => {
    const own = keyOf(alg).kid;
    const near = [
      ['lower-case', own.toLowerCase()],
      ['space-behind', `${own} `],
      ['space-before', ` ${own}`],
      ['nul-behind', `${own}\0`],
      ['line-feed', `${own}\n`],
      ['cut', own.slice(0, -1)],
      ['longer', `${own}1`],
      ['full-width', own.replace('1', '\uff11')],
      ['zero-width', `${own}\u200b`],
      ['percent', own.replace('-', '%2d')],
      ['in-path', `./${own}`],
      ['other-dash', own.replace('-', '\u2011')],
    ].filter(([, text]) => text !== own);
    const make = (name, value, why) =>
      reject(
        'license.untrusted',
        alg,
        name,
        `RFC 7515, 4.1.4: ${why}.`,
        signed(alg, { header: { kid: value } }),
      );
    return [
      ...TEXTS.map((text, at) =>
        make(
          `text-${String(at).padStart(2, '0')}`,
          text,
          `no key of the issuer has this "kid", ${JSON.stringify(text).slice(0, 60)}, and it leads nowhere else`,
        ),
      ),
      ...near.map(([name, text]) => make(`near-${name}`, text, '"kid" is compared exactly')),
      ...TYPES.map(([name, value]) => make(`type-${name}`, value, '"kid" is a string')),
      make('type-own-in-array', [own], '"kid" is a string, no array of one'),
      make('type-own-in-object', { kid: own }, '"kid" is a string'),
      reject(
        'license.untrusted',
        alg,
        'missing',
        'Without "kid" no key is tried, even where one would fit.',
        signed(alg, { header: JSON.stringify({ alg }) }),
      ),
      reject(
        'license.untrusted',
        alg,
        'in-upper-case',
        'RFC 7515, 4: member names are case-sensitive.',
        signed(alg, { header: JSON.stringify({ alg, KID: own }) }),
      ),
      reject(
        'license.untrusted',
        alg,
        'in-payload',
        'A "kid" in the payload names no key.',
        signed(alg, { header: JSON.stringify({ alg }), payload: { kid: own } }),
      ),
    ];
  });
}
