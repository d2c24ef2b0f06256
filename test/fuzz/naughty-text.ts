/**
 * Texts that have broken something somewhere, by what they break. The classes are those that every collection of
 * such texts has; the texts are our own.
 */
export const NAUGHTY_TEXT: Readonly<Record<string, readonly string[]>> = {
  'nothing or hardly anything': [
    '',
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\u00a0',
    '\u3000',
    '\u2028',
    '\u2029',
    '.',
  ],
  'reserved words': [
    ...['undefined', 'null', 'nil', 'None', 'NaN', 'Infinity', '-Infinity', 'true', 'false', 'yes', 'on'],
    ...['new Date()', 'function(){}', 'CON', 'NUL', 'aux.h', 'COM1', 'LPT9', 'default', '[object Object]'],
  ],
  'members of every object': [
    ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__'],
    ...['__proto__.isAdmin', 'constructor.prototype.x', 'toJSON', 'then', 'length', 'inspect'],
  ],
  'numbers of a kind': [
    ...['0', '-0', '00', '007', '+1', '-1', '1.0', '0.1', '.5', '5.', '1e3', '1E-3', '0x1F', '0b11', '0o17'],
    ...['1_000', '1,000', '1 000', '2147483647', '2147483648', '-2147483649', '9007199254740991'],
    ...['9007199254740992', '9007199254740993', '9223372036854775807', '9223372036854775808'],
    ...['18446744073709551616', '1e308', '1e309', '-1e309', '9'.repeat(400), `0.${'0'.repeat(400)}1`],
    ...['\u0661\u0662\u0663', '\uff11', '\u00bd', '\u2163', '\u{1d7d9}'],
  ],
  'control characters': [
    '\0',
    'a\0b',
    'license\0.txt',
    '\u0001\u0002\u0007',
    '\b\f\v',
    '\u001b[31mred',
    '\u007f',
    '\u0085',
  ],
  'white space that hides': [
    'a\u200bb',
    '\u200e',
    '\u2060',
    '\ufeff',
    'a\u00adb',
    '\u180e',
    ' a ',
    '\u2003a',
  ],
  directions: [
    '\u202eevil',
    '\u2066a\u2069',
    '\u061c',
    '\u05d0\u05d1\u05d2 abc',
    '\u0627\u0644\u0639\u0631\u0628\u064a\u0629',
  ],
  'marks upon marks': [`Z${'\u0301\u0327\u0489'.repeat(30)}`, 'a\u0308', '\u00e4', '\u0344', '\u0340'],
  'letters that change their number': [
    '\u0130',
    '\u0131',
    '\u00df',
    '\ufb01',
    '\u1e9e',
    '\u03c2',
    '\u01c5',
    'I\u0307',
  ],
  'look-alikes': [
    '\u0430dmin',
    'adm\u0456n',
    '\uff41\uff44\uff4d\uff49\uff4e',
    '\u2024\u2024\u2215',
    '\uff0e\uff0e\uff0f',
  ],
  pictures: [
    '\u{1f600}',
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
    '\u{1f1e9}\u{1f1ea}',
    '\u2764\ufe0f',
    '\u{1f44d}\u{1f3fd}',
  ],
  'halves of characters': ['\ud800', '\udc00', '\udc00\ud800', 'a\ud83d', '\ude00b', '\ud800\ud800'],
  'no characters': ['\ufffe', '\uffff', '\ufdd0', '\u{1fffe}', '\u{10ffff}', '\ufffd'],
  SQL: [
    ...[
      "'",
      "''",
      "' OR '1'='1",
      "'; DROP TABLE license; --",
      '1; SELECT pg_sleep(10)--',
      "' UNION SELECT NULL--",
    ],
    ...[
      "\\'; --",
      '$$; SELECT 1; $$',
      "1' AND 1=CAST((SELECT version()) AS int)--",
      '"; --',
      "E'\\x27'",
      '$1',
      '%',
      '_',
    ],
  ],
  'documents as queries': [
    '{"$gt":""}',
    '{"$where":"sleep(1000)"}',
    '[$ne]=1',
    "';return true;//",
    '{"$regex":".*"}',
  ],
  templates: [
    '{{7*7}}',
    '${7*7}',
    '#{7*7}',
    '<%= 7*7 %>',
    '{%if 1%}x{%endif%}',
    '*{7*7}',
    '{{constructor.constructor("return 1")()}}',
  ],
  shells: [
    '; id',
    '| id',
    '`id`',
    '$(id)',
    '&& sleep 10',
    '\n id',
    '> /dev/null',
    '--help',
    '-rf',
    '() { :; }; id',
  ],
  markup: [
    ...[
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      'javascript:alert(1)',
      '<svg/onload=alert(1)>',
    ],
    ...[
      '&lt;b&gt;',
      '<![CDATA[x]]>',
      '<!--',
      '</title><script>',
      '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
    ],
  ],
  formats: ['%s%s%s%s', '%n', '%x%x%x', '%d', '%j %o %O', '%99999999s', '{0}', '%c', '%%'],
  'look-ups': [
    '${jndi:ldap://127.0.0.1:1/a}',
    '${env:HOME}',
    '${${lower:j}ndi:rmi://127.0.0.1:1/a}',
    '$HOME',
    '%PATH%',
    '~root',
  ],
  paths: [
    ...[
      '../../../../etc/passwd',
      '..\\..\\windows\\win.ini',
      '/etc/passwd',
      'file:///etc/passwd',
      '....//....//',
      '.%2e/',
    ],
    ...[
      '%2e%2e%2f',
      '%252e%252e%252f',
      '..%c0%af',
      '..;/',
      '//evil.example',
      '\\\\evil.example\\x',
      'C:\\',
      '/dev/zero',
    ],
  ],
  'new headers': [
    'a\r\nX-Injected: 1',
    'a\nSet-Cookie: b=c',
    '%0d%0aX-Injected:%201',
    'a\r\n\r\n<html>',
    '\u560d\u560aX: 1',
  ],
  addresses: [
    'http://127.0.0.1:1/',
    'http://169.254.169.254/',
    'http://[::1]/',
    'http://0x7f.1/',
    'gopher://x/',
    'http://a@b/',
    'data:,x',
  ],
  'rows of a table': ['=1+1', '@SUM(1+1)', '+1', '-1+1', '"a","b"', 'a;b', '=cmd|"/c calc"!A1'],
  patterns: ['.*', '(a+)+$', '[', '(?:', '*', '**', '?', `${'a'.repeat(60)}!`, '\\', '^$'],
  long: [
    'a'.repeat(190),
    'a'.repeat(191),
    'a'.repeat(1_025),
    '\u00e9'.repeat(4_000),
    '\u{1f600}'.repeat(2_000),
    'a'.repeat(16_385),
  ],
};

/** All of them. */
export const ALL_NAUGHTY_TEXT: readonly string[] = [...new Set(Object.values(NAUGHTY_TEXT).flat())];

/** Percent-encoded UTF-8, as a path or a query carries a text; a lone surrogate as the bytes of WTF-8, that are none. */
export function percentEncoded(text: string): string {
  return [...text]
    .map((character) => {
      if (/^[\ud800-\udfff]$/.test(character)) {
        const code = character.charCodeAt(0);
        return `%ED%${(0x80 | ((code >> 6) & 0x3f)).toString(16)}%${(0x80 | (code & 0x3f)).toString(16)}`;
      }
      // What `encodeURIComponent` leaves alone means something in a path: a dot.
      return character === '.' ? '%2E' : encodeURIComponent(character);
    })
    .join('');
}
