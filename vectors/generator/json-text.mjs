import { reject, signed } from './compose.mjs';
import { CLAIMS, MAIN } from './instance.mjs';

const bytes = (...parts) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

/** Texts that are no strict JSON object, each made of one that is: `open` has no closing brace. */
function texts(whole, open, first) {
  const extra = (text) => `${open},${text}}`;
  const name = Object.keys(first)[0];
  const value = JSON.stringify(first[name]);
  const list = [
    ['bom', bytes([0xef, 0xbb, 0xbf], whole), 'a byte order mark'],
    ['bom-behind', bytes(whole, [0xef, 0xbb, 0xbf]), 'a byte order mark behind it'],
    ['utf16le', Buffer.from(whole, 'utf16le'), 'UTF-16'],
    ['utf16le-bom', bytes([0xff, 0xfe], Buffer.from(whole, 'utf16le')), 'UTF-16 with its mark'],
    ['overlong', bytes(open, ',"x":"', [0xc0, 0x80], '"}'), 'an overlong UTF-8 sequence'],
    ['overlong-quote', bytes(open, ',"x":', [0xc0, 0xa2], 'y"}'), 'an overlong quote'],
    ['utf8-surrogate', bytes(open, ',"x":"', [0xed, 0xa0, 0x80], '"}'), 'a surrogate in UTF-8'],
    ['byte-ff', bytes(open, ',"x":"', [0xff], '"}'), 'a byte that UTF-8 does not have'],
    ['truncated-utf8', bytes(open, ',"x":"', [0xe2, 0x82], '"}'), 'a UTF-8 sequence cut off'],
    ['beyond-unicode', bytes(open, ',"x":"', [0xf4, 0x90, 0x80, 0x80], '"}'), 'a character beyond U+10FFFF'],
    ['latin1', bytes(open, ',"x":"', [0xe9], '"}'), 'Latin-1'],
    ['trailing-comma', `${open},}`, 'a trailing comma'],
    ['leading-comma', `{,${whole.slice(1)}`, 'a leading comma'],
    ['double-comma', extra(',"x":1'), 'two commas'],
    ['missing-comma', `${open} "x":1}`, 'a missing comma'],
    ['comment', extra('/* x */"x":1'), 'a comment'],
    ['line-comment', `// x\n${whole}`, 'a line comment'],
    ['hash-comment', `${whole}# x`, 'a hash comment'],
    ['single-quotes', extra("'x':1"), 'single quotes'],
    ['bare-name', extra('x:1'), 'a name without quotes'],
    ['nan', extra('"x":NaN'), 'NaN'],
    ['infinity', extra('"x":Infinity'), 'Infinity'],
    ['minus-infinity', extra('"x":-Infinity'), '-Infinity'],
    ['undefined', extra('"x":undefined'), 'undefined'],
    ['hex', extra('"x":0x10'), 'a hexadecimal number'],
    ['octal', extra('"x":010'), 'a leading zero'],
    ['minus-leading-zero', extra('"x":-01'), 'a leading zero after a minus'],
    ['plus', extra('"x":+1'), 'a plus before a number'],
    ['bare-fraction', extra('"x":.5'), 'a number that begins with a point'],
    ['bare-point', extra('"x":5.'), 'a number that ends with a point'],
    ['bare-exponent', extra('"x":1e'), 'an exponent without digits'],
    ['double-minus', extra('"x":--1'), 'two minus signs'],
    ['lone-minus', extra('"x":-'), 'a minus alone'],
    ['separator', extra('"x":1_000'), 'a digit separator'],
    ['bigint', extra('"x":1n'), 'a BigInt suffix'],
    ['full-width-digit', extra('"x":\uff11'), 'a full-width digit'],
    ['1e400', extra('"x":1e400'), 'a number beyond a double'],
    ['minus-1e400', extra('"x":-1e400'), 'a number beyond a double'],
    ['1e309', extra('"x":1e309'), 'a number beyond a double'],
    ['huge-integer', extra(`"x":${'9'.repeat(400)}`), 'an integer beyond a double'],
    ['huge-exponent', extra(`"x":1e${'9'.repeat(40)}`), 'a huge exponent'],
    ['rounds-to-infinity', extra('"x":1.7976931348623159e308'), 'a number that rounds to infinity'],
    ['upper-true', extra('"x":True'), 'True'],
    ['upper-null', extra('"x":NULL'), 'NULL'],
    ['cut-literal', extra('"x":tru'), 'a literal cut off'],
    ['behind-brace', `${whole}}`, 'a brace too many'],
    ['behind-x', `${whole}x`, 'text behind it'],
    ['behind-nul', `${whole}\0`, 'a NUL behind it'],
    ['behind-object', `${whole}{}`, 'a second object'],
    ['line-of-two', `${whole}\n${whole}`, 'two lines of JSON'],
    ['before-nul', `\0${whole}`, 'a NUL before it'],
    ['guard', `)]}',\n${whole}`, 'a script guard'],
    ['no-end', open, 'no closing brace'],
    ['open-string', `${open},"x":"`, 'a string without an end'],
    ['open-array', `${open},"x":[`, 'an array without an end'],
    ['crossed', extra('"x":[{]}'), 'crossed brackets'],
    ['missing-value', extra('"x":'), 'a missing value'],
    ['missing-colon', extra('"x"1'), 'a missing colon'],
    ['number-name', extra('1:1'), 'a number as a name'],
    ['raw-line-feed', extra('"x":"\n"'), 'a line feed in a string'],
    ['raw-tab', extra('"x":"\t"'), 'a tab in a string'],
    ['raw-nul', extra('"x":"\0"'), 'a NUL in a string'],
    ['raw-unit-separator', extra('"x":"\x1f"'), 'a control character in a string'],
    ['escape-x', extra('"x":"\\x41"'), 'an escape that JSON does not have'],
    ['escape-apostrophe', extra('"x":"\\\'"'), 'an escape that JSON does not have'],
    ['escape-zero', extra('"x":"\\0"'), 'an escape that JSON does not have'],
    ['escape-short', extra('"x":"\\u12"'), 'a short escape'],
    ['escape-upper', extra('"x":"\\U0041"'), 'an upper-case escape'],
    ['escape-braces', extra('"x":"\\u{41}"'), 'an escape with braces'],
    ['escape-not-hex', extra('"x":"\\u00g0"'), 'an escape that is not hexadecimal'],
    ['space-form-feed', `\f${whole}`, 'a form feed as white space'],
    ['space-vertical', `{\v${whole.slice(1)}`, 'a vertical tab as white space'],
    ['space-no-break', `{\u00a0${whole.slice(1)}`, 'a no-break space as white space'],
    ['space-line-separator', `{\u2028${whole.slice(1)}`, 'a line separator as white space'],
    ['depth-33', extra(`"x":${'['.repeat(32)}${']'.repeat(32)}`), '33 levels'],
    ['depth-33-objects', extra(`"x":${'{"x":'.repeat(32)}1${'}'.repeat(32)}`), '33 levels of objects'],
    ['depth-1000', extra(`"x":${'['.repeat(1000)}${']'.repeat(1000)}`), '1,001 levels'],
    ['depth-5000-open', extra(`"x":${'['.repeat(5000)}`), '5,001 levels that are never closed'],
    ['duplicate-first', `{"${name}":${value},${whole.slice(1)}`, 'a member twice, equal'],
    ['duplicate-other-value', `{"${name}":"x",${whole.slice(1)}`, 'a member twice'],
    ['duplicate-last', extra(`"${name}":"x"`), 'a member twice, the other one last'],
    ['duplicate-null', extra(`"${name}":null`), 'a member twice, once null'],
    [
      'duplicate-escaped',
      extra(`"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}":"x"`),
      'a member twice, once escaped',
    ],
    ['duplicate-unknown', extra('"x":1,"x":1'), 'an unknown member twice'],
    ['duplicate-empty', extra('"":1,"":2'), 'the empty name twice'],
    ['duplicate-proto', extra('"__proto__":1,"__proto__":2'), '__proto__ twice'],
    ['duplicate-nested', extra('"x":{"y":1,"y":2}'), 'a nested member twice'],
    [
      'duplicate-in-array',
      extra('"x":[{"y":1,"z":0,"\\u0079":2}]'),
      'a member of an object in an array twice, once escaped',
    ],
    ['duplicate-slash', extra('"a/b":1,"a\\/b":2'), 'a member twice, once with an escaped slash'],
    ['empty-object-text', ' ', 'white space alone'],
    ['array', `[${whole}]`, 'an array around it'],
    ['string', JSON.stringify(whole), 'a string'],
    ['number', '1', 'a number'],
    ['null', 'null', 'null'],
    ['true', 'true', 'true'],
    ['empty-array', '[]', 'an array'],
    ['empty-string', '""', 'an empty string'],
    ['text', 'x', 'no JSON'],
    ['xml', '<x/>', 'XML'],
    ['yaml', 'alg: RS256', 'YAML'],
    ['form', 'iss=x&sub=y', 'a form'],
    ['cbor', Buffer.from([0xa1, 0x61, 0x78, 0x01]), 'CBOR'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), 'gzip'],
  ];
  return list;
}

/** RFC 8259; RFC 7515, section 4 (duplicates); RFC 8725, section 3.7 (UTF-8). The signature is over these very bytes. */
export function jsonText() {
  return MAIN.flatMap((alg) => {
    const header = { alg, kid: `${alg}-1` };
    const parts = [
      ['header', texts(JSON.stringify(header), JSON.stringify(header).slice(0, -1), header)],
      ['payload', texts(JSON.stringify(CLAIMS), JSON.stringify(CLAIMS).slice(0, -1), CLAIMS)],
    ];
    const vectors = parts.flatMap(([part, list]) =>
      list.map(([name, text, comment]) =>
        reject(
          'license.invalid',
          alg,
          `${part}-${name}`,
          `RFC 8259: the ${part} is one strict JSON object of UTF-8; here: ${comment}.`,
          signed(alg, { [part]: text }),
        ),
      ),
    );
    for (const name of Object.keys(CLAIMS)) {
      const text = `${JSON.stringify(CLAIMS).slice(0, -1)},"${name}":${JSON.stringify(CLAIMS[name])}}`;
      vectors.push(
        reject(
          'license.invalid',
          alg,
          `payload-duplicate-claim-${name}`,
          `RFC 7519, 4: claim names are unique; "${name}" is there twice.`,
          signed(alg, { payload: text }),
        ),
      );
    }
    return vectors;
  });
}
