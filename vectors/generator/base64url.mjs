import { encode, inputOf, reject, signatureOf, signed, withSignature } from './compose.mjs';
import { claims, MAIN } from './instance.mjs';
import { keyOf } from './keys.mjs';

const INVALID = 'license.invalid';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function base64url() {
  return MAIN.flatMap((alg) => [...shapes(alg), ...parts(alg), ...sizes(alg)]);
}

function shapes(alg) {
  const good = signed(alg);
  const [h, p, s] = good.split('.');
  const texts = [
    ['empty', '', 'no parts'],
    ['one-dot', '.', 'no parts'],
    ['two-dots', '..', 'three empty parts'],
    ['header-alone', h, 'one part'],
    ['two-parts', `${h}.${p}`, 'no signature part'],
    ['empty-signature', `${h}.${p}.`, 'an empty signature'],
    ['empty-payload', `${h}..${s}`, 'an empty payload: detached content (RFC 7515, appendix F)'],
    ['empty-header', `.${p}.${s}`, 'an empty header'],
    ['four-parts', `${good}.${s}`, 'four parts'],
    ['five-parts', `${h}.${p}.${s}.${p}.${s}`, 'the five parts of a JWE'],
    ['trailing-dot', `${good}.`, 'a fourth, empty part'],
    ['leading-dot', `.${good}`, 'an empty part before it'],
    ['double-dot', `${h}..${p}.${s}`, 'an empty part inside'],
    [
      'json-flattened',
      JSON.stringify({ protected: h, payload: p, signature: s }),
      'the flattened JSON serialization',
    ],
    [
      'json-general',
      JSON.stringify({ payload: p, signatures: [{ protected: h, signature: s }] }),
      'the general JSON serialization',
    ],
    ['bearer', `Bearer ${good}`, 'a scheme before it'],
    ['quoted', `"${good}"`, 'quotes around it'],
    ['comma', `${h},${p},${s}`, 'commas for dots'],
    ['twice', `${good},${good}`, 'two tokens'],
    ['ideographic-stop', `${h}\u3002${p}\u3002${s}`, 'an ideographic full stop for a dot'],
    ['percent-dot', `${h}%2e${p}%2e${s}`, 'percent-encoded dots'],
    ['tilde', `${good}~`, 'an SD-JWT tilde behind it'],
  ];
  return texts.map(([name, token, comment]) =>
    reject(
      INVALID,
      alg,
      `shape-${name}`,
      `RFC 7515, 7.1: three parts with two dots between them; here ${comment}.`,
      token,
    ),
  );
}

const ADDED = [
  ['padding', '='],
  ['two-paddings', '=='],
  ['space', ' '],
  ['tab', '\t'],
  ['line-feed', '\n'],
  ['crlf', '\r\n'],
  ['nul', '\0'],
  ['plus', '+'],
  ['slash', '/'],
  ['percent-3d', '%3D'],
  ['no-break-space', '\u00a0'],
  ['zero-width-space', '\u200b'],
  ['byte-order-mark', '\ufeff'],
  ['full-width-letter', '\uff21'],
  ['lone-surrogate', '\ud800'],
  ['asterisk', '*'],
  ['one-letter', 'A'],
];

function parts(alg) {
  const names = ['header', 'payload', 'signature'];
  const good = signed(alg).split('.');
  const vectors = [];
  const put = (at, name, part, comment) => {
    const token = good.map((own, index) => (index === at ? part : own)).join('.');
    vectors.push(
      reject(
        name.endsWith('one-letter') && good[at].length % 4 !== 0 ? UNSURE : INVALID,
        alg,
        name,
        comment,
        token,
      ),
    );
  };
  const UNSURE = null;
  names.forEach((part, at) => {
    for (const [name, text] of ADDED) {
      const comment = `RFC 7515, 2: base64url without padding, line breaks, white space or other characters; the ${part} has one.`;
      put(at, `${part}-behind-${name}`, `${good[at]}${text}`, comment);
      if (text.length === 1 && text !== 'A') put(at, `${part}-before-${name}`, `${text}${good[at]}`, comment);
      if (text.length === 1 && text !== 'A')
        put(at, `${part}-inside-${name}`, `${good[at].slice(0, 7)}${text}${good[at].slice(7)}`, comment);
    }
    loose(alg, at).forEach(([token, bits]) => {
      vectors.push(
        reject(
          INVALID,
          alg,
          `${part}-loose-bits-${bits}`,
          `RFC 4648, 3.5: loose trailing bits are zero; a decoder that ignores them gives one ${part} several texts.`,
          token,
        ),
      );
    });
  });
  return vectors.filter(({ code }) => code !== null);
}

/** The token with other loose bits in a part, signed over the very text, so that nothing else is wrong with it. */
function loose(alg, at) {
  const tokens = [];
  for (let pad = 0; pad < 3 && tokens.length === 0; pad += 1) {
    const filler = 'x'.repeat(pad);
    const input = inputOf(alg, { header: { x: filler }, payload: claims({ x: filler }) });
    const three = [...input.split('.'), encode(signatureOf(input, keyOf(alg)))];
    const free = { 2: 4, 3: 2 }[three[at].length % 4] ?? 0;
    for (let bits = 1; bits < 1 << free; bits += 1) {
      const last = ALPHABET[ALPHABET.indexOf(three[at].at(-1)) + bits];
      const part = three[at].slice(0, -1) + last;
      if (at === 2) tokens.push([`${input}.${part}`, bits]);
      else {
        const other = three
          .slice(0, 2)
          .map((own, index) => (index === at ? part : own))
          .join('.');
        tokens.push([withSignature(other, signatureOf(other, keyOf(alg))), bits]);
      }
    }
  }
  return tokens;
}

function sizes(alg) {
  const over = (bytes) => {
    // Three letters are added for two or three bytes of the payload: the last step is made in the header.
    for (let fill = Math.floor((bytes * 3) / 4) - 1200; ; fill += 1) {
      for (let pad = 0; pad < 4; pad += 1) {
        const input = inputOf(alg, {
          header: { x: 'x'.repeat(pad) },
          payload: claims({ x: 'x'.repeat(fill) }),
        });
        const length = input.length + 1 + Math.ceil(((keyOf(alg).jwk.n ? 256 : 64) * 8) / 6);
        if (length === bytes) return withSignature(input, signatureOf(input, keyOf(alg)));
      }
    }
  };
  return [
    reject(
      INVALID,
      alg,
      'size-16385',
      'A token has at most 16,384 bytes; this one has one more and is good otherwise.',
      over(16_385),
    ),
  ];
}
