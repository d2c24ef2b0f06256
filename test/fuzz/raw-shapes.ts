/**
 * Bytes that readers of HTTP/1.1 understand differently, by what they do about it. Each shape carries a second request
 * inside, the smuggled one, which nobody may ever answer; after the shape follows a request of somebody else.
 */
export interface RawShape {
  readonly name: string;
  /**
   * `refused`: it is no HTTP; one refusal, and the connection is closed. `answered`: it is one request; it is answered,
   * and what follows as well. `unfinished`: something is missing; nothing that follows is a request.
   * `either`: a reader may refuse it or take it as one request. `cut`: its head is a request and its body is no HTTP; it is
   * refused, or answered by whoever need not read it, and the connection is closed.
   */
  readonly outcome: 'refused' | 'answered' | 'unfinished' | 'either' | 'cut';
  /** The bytes, as latin1. */
  readonly bytes: (parts: RawParts) => string;
}

/** What a shape is made of. */
export interface RawParts {
  /** `X-Request-Id: …`, by which the shape's own answer is known. */
  readonly id: string;
  /** `Authorization: …` of the shape's own request. */
  readonly authorization: string;
  /** A whole request that would do harm: it removes the license, in an administrator's name. */
  readonly smuggled: string;
}

/** Without a license in its body it does nothing, whoever sends it. */
const INSTALL = 'POST /api/licensing/token HTTP/1.1';
const CHECK = 'GET /api/licensing/check HTTP/1.1';

/** A request of these lines, then what comes behind its head. */
const shape =
  (outcome: RawShape['outcome']) =>
  (
    name: string,
    line: string,
    lines: readonly string[],
    behind: (smuggled: string) => string = () => '',
  ): RawShape => ({
    name,
    outcome,
    bytes: ({ id, authorization, smuggled }) =>
      [line, 'Host: localhost', id, authorization, ...lines, '', behind(smuggled)].join('\r\n'),
  });

const refused = shape('refused');
const answered = shape('answered');
const unfinished = shape('unfinished');
const cut = shape('cut');
const either = shape('either');
/** A shape whose head is written from the first byte. */
const whole = (outcome: RawShape['outcome'], name: string, bytes: RawShape['bytes']): RawShape => ({
  name,
  outcome,
  bytes,
});

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const LAST = '0\r\n\r\n';
const chunked = (text: string) => chunk(text) + LAST;
const length = (text: string) => `Content-Length: ${text.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';

export const RAW_SHAPES: readonly RawShape[] = [
  // Two ideas of how long the body is: the shapes of request smuggling.
  refused('CL.TE', INSTALL, ['Content-Length: 400', CHUNKED], (smuggled) => LAST + smuggled),
  refused('TE.CL', INSTALL, [CHUNKED, 'Content-Length: 4'], (smuggled) => chunked(smuggled)),
  refused('CL.TE with a length of nothing', INSTALL, ['Content-Length: 0', CHUNKED], chunked),
  ...[
    ...['xchunked', 'x', 'gzip', 'identity', 'chunked, identity', 'chunked, gzip', '"chunked"', "'chunked'"],
    ...[
      'chunked;q=1',
      '\x0bchunked',
      'chunked\x0b',
      'chu nked',
      'chunke',
      'chunked\0',
      ',',
      ', identity',
      'c\x68unkeds',
    ],
  ].map((coding) =>
    refused(`TE.TE by ${JSON.stringify(coding)}`, INSTALL, [`Transfer-Encoding: ${coding}`], chunked),
  ),
  ...[
    'gzip, chunked',
    'identity, chunked',
    'chunked, chunked',
    ' chunked',
    'chunked ',
    'CHUNKED',
    '\tchunked',
    ',chunked',
    '',
  ].map((coding) =>
    either(`TE.TE by ${JSON.stringify(coding)}`, INSTALL, [`Transfer-Encoding: ${coding}`], chunked),
  ),
  ...[
    'Transfer-Encoding : chunked',
    ' Transfer-Encoding: chunked',
    'Transfer\0-Encoding: chunked',
    'Transfer-Encoding\r: chunked',
  ].map((line) =>
    refused(
      `TE hidden as ${JSON.stringify(line)}`,
      INSTALL,
      ['Content-Length: 5', line],
      (smuggled) => LAST + smuggled,
    ),
  ),
  either('TE under a name of its own', INSTALL, ['Transfer_Encoding: chunked', 'Content-Length: 0']),
  either('two TE that agree', INSTALL, [CHUNKED, CHUNKED], chunked),
  either('two TE that do not', INSTALL, [CHUNKED, 'Transfer-Encoding: identity'], chunked),
  either('TE in HTTP/1.0', INSTALL.replace('1.1', '1.0'), [CHUNKED, 'Connection: keep-alive'], chunked),
  refused(
    'two lengths that differ',
    INSTALL,
    ['Content-Length: 0', 'Content-Length: 300'],
    (smuggled) => smuggled,
  ),
  refused('two lengths that agree', INSTALL, ['Content-Length: 2', 'Content-Length: 2'], () => '{}'),
  ...[
    ...[
      '-1',
      '1e3',
      '0x10',
      '1.0',
      '1,2',
      '1 2',
      '\xd9\xa3',
      '18446744073709551616',
      '9'.repeat(40),
      'a',
      '2;',
      '--2',
      '1_0',
    ],
    ...['\x002', '2\0'],
  ].map((text) =>
    refused(
      `a length of ${JSON.stringify(text)}`,
      INSTALL,
      [`Content-Length: ${text}`],
      (smuggled) => smuggled,
    ),
  ),
  ...['+2', '02', '2 ', ' 2', '\t2', '000000000000000000000002', '2, 2', ''].map((text) =>
    either(`a length of ${JSON.stringify(text)}`, INSTALL, [`Content-Length: ${text}`], () =>
      text === '' ? '' : '{}',
    ),
  ),
  refused('a length under an obsolete fold', INSTALL, ['X: y\r\n Content-Length: 0'], (smuggled) => smuggled),
  refused(
    'a length with a space before the colon',
    INSTALL,
    ['Content-Length : 400'],
    (smuggled) => smuggled,
  ),
  answered('a body beside GET, which is somebody else’s request', CHECK, ['Content-Length: 4'], () => 'GET '),
  whole('answered', 'a request as the body of GET', ({ id, authorization, smuggled }) =>
    [CHECK, 'Host: localhost', id, authorization, length(smuggled), '', smuggled].join('\r\n'),
  ),
  whole('answered', 'a request as the body of a request', ({ id, authorization, smuggled }) =>
    [INSTALL, 'Host: localhost', id, authorization, length(smuggled), '', smuggled].join('\r\n'),
  ),
  answered('a request in chunks as the body', INSTALL, [CHUNKED], chunked),
  answered('a request as the body of a path that is none', 'POST /nothing HTTP/1.1', [CHUNKED], chunked),
  answered(
    'a request as the body of a method that is none',
    'PUT /api/licensing/check HTTP/1.1',
    [CHUNKED],
    chunked,
  ),
  either('an expectation with its body', INSTALL, ['Expect: 100-continue', CHUNKED], chunked),

  // Chunks.
  ...['-1', 'zz', '0x4', '+4', '4 4', ' 4', 'ffffffffffffffffffff', '4.0', '', '4,', '\0', '\xd9\xa1'].map(
    (size) =>
      cut(
        `a chunk of the size ${JSON.stringify(size)}`,
        INSTALL,
        [CHUNKED],
        (smuggled) => `${size}\r\n{}  \r\n${LAST}${smuggled}`,
      ),
  ),
  cut(
    'a chunk that is longer than it says',
    INSTALL,
    [CHUNKED],
    (smuggled) => `2\r\n{}${smuggled}\r\n${LAST}`,
  ),
  cut('chunks that end with bare line feeds', INSTALL, [CHUNKED], (smuggled) => `2\n{}\n0\n\n${smuggled}`),
  cut(
    'a chunk size that ends with a carriage return alone',
    INSTALL,
    [CHUNKED],
    (smuggled) => `2\r{}\r\n${LAST}${smuggled}`,
  ),
  either('a chunk with an extension', INSTALL, [CHUNKED], () => `2;a=b\r\n{}\r\n0;c="d"\r\n\r\n`),
  either('a chunk with a broken extension', INSTALL, [CHUNKED], () => `2;;a b\r\n{}\r\n${LAST}`),
  either(
    'a chunk with a line feed in its extension',
    INSTALL,
    [CHUNKED],
    (smuggled) => `2;\n${smuggled}\r\n{}\r\n${LAST}`,
  ),
  either(
    'a chunk with a huge extension',
    INSTALL,
    [CHUNKED],
    () => `2;${'a'.repeat(30_000)}\r\n{}\r\n${LAST}`,
  ),
  either('a chunk size with leading zeros', INSTALL, [CHUNKED], () => `${'0'.repeat(30)}2\r\n{}\r\n${LAST}`),
  either('a thousand chunks of a byte', INSTALL, [CHUNKED], () => `${'1\r\n \r\n'.repeat(1_000)}${LAST}`),
  answered('a trailer', INSTALL, [CHUNKED], () => '0\r\nX-Late: 1\r\n\r\n'),
  either('a trailer with a length', INSTALL, [CHUNKED], () => '0\r\nContent-Length: 100\r\n\r\n'),
  either('a trailer with credentials', INSTALL, [CHUNKED], () => '0\r\nAuthorization: Bearer x\r\n\r\n'),
  cut('a trailer that is broken', INSTALL, [CHUNKED], (smuggled) => `0\r\nX : y\r\n\r\n${smuggled}`),
  unfinished('chunks without an end', INSTALL, [CHUNKED], (smuggled) => `fff\r\n${smuggled}`),
  unfinished(
    'a body that is longer than what comes',
    INSTALL,
    ['Content-Length: 9999'],
    (smuggled) => smuggled,
  ),
  unfinished(
    'an expectation without its body',
    INSTALL,
    ['Expect: 100-continue', 'Content-Length: 9999'],
    (smuggled) => smuggled,
  ),

  // The head.
  ...[
    ...[
      'X : y',
      'X\t: y',
      'nonsense',
      ': y',
      'X\0: y',
      'X: \0',
      'X: a\x01b',
      'X: a\rb',
      'X: a\r\n b',
      'X: a\r\n\tb',
    ],
    ...['X Y: z', '(X): y', 'X[]: y', 'X: \x7f', '\xe9: y', 'X;: y', 'X/: y', '"X": y', '@: y', '\u0001'],
  ].map((line) =>
    refused(`a header ${JSON.stringify(line)}`, INSTALL, [line, 'Content-Length: 0'], (smuggled) => smuggled),
  ),
  refused('a bare line feed between headers', INSTALL, ['X: a\nY: b'], (smuggled) => smuggled),
  refused('a head that ends with bare line feeds', INSTALL, ['X: a\n\n'], (smuggled) => smuggled),
  refused('a fold in front of all headers', `${INSTALL}\r\n folded`, []),
  answered('a header with eight bits', CHECK, ['X: \xe9\xff\x80']),
  answered('a header without a value', CHECK, ['X:']),
  answered('a header of white space', CHECK, ['X: \t \t ']),
  answered(
    'three hundred headers',
    CHECK,
    Array.from({ length: 300 }, (_, at) => `X-${at}: y`),
  ),
  refused('a header of 17 KiB', CHECK, [`X: ${'a'.repeat(17 * 1024)}`]),
  refused('a header name of 17 KiB', CHECK, [`${'a'.repeat(17 * 1024)}: x`]),
  refused(
    'headers of 100 KiB',
    CHECK,
    Array.from({ length: 1_000 }, (_, at) => `X-${at}: ${'a'.repeat(92)}`),
  ),
  either('two hosts', CHECK, ['Host: localhost']),
  either('a host that is none', CHECK, ['X: y']),
  whole('either', 'no host', ({ id, authorization }) => [CHECK, id, authorization, '', ''].join('\r\n')),
  whole('either', 'no host in HTTP/1.0', ({ id, authorization }) =>
    [CHECK.replace('1.1', '1.0'), id, authorization, 'Connection: keep-alive', '', ''].join('\r\n'),
  ),
  either('an upgrade to HTTP/2', CHECK, [
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
  ]),
  either('an upgrade to WebSocket', CHECK, [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
  ]),
  either('an upgrade with a body', INSTALL, ['Connection: Upgrade', 'Upgrade: h2c', CHUNKED], chunked),
  answered('a connection that is to stay', CHECK, ['Connection: keep-alive', 'Keep-Alive: timeout=1000']),
  either('a connection with odd options', CHECK, [
    'Connection: close, keep-alive, Authorization, X-Request-Id',
  ]),

  // The request line.
  ...[
    ...['GET', '', 'GET\t/healthz\tHTTP/1.1', ' GET /healthz HTTP/1.1', 'GET /healthz HTTP/1.1 '],
    ...['GET /healthz HTTP/1.10', 'GET /healthz HTTP/11', 'GET /healthz HTTP/1,1'],
    ...[
      'GET /healthz HTTP/',
      'GET /healthz FTP/1.1',
      'GET /healthz http/1.1',
      'GET /health z HTTP/1.1',
      'GET /\0 HTTP/1.1',
    ],
    ...[
      'GET /\x01 HTTP/1.1',
      'GET healthz HTTP/1.1',
      'GET ?x HTTP/1.1',
      'get /healthz HTTP/1.1',
      'GETS /healthz HTTP/1.1',
    ],
    ...[
      'G\0T /healthz HTTP/1.1',
      'POST: /healthz HTTP/1.1',
      'M-X /healthz HTTP/1.1',
      '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    ],
    ...[
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'HTTP/1.1 200 OK',
      '<html>',
      'HELO localhost',
      'CONNECT localhost:22 HTTP/1.1',
    ],
    ...['CONNECT / HTTP/1.1', 'CONNECT * HTTP/1.1'],
  ]
    .filter((line) => line !== '')
    .map((line) => refused(`the line ${JSON.stringify(line)}`, line, [])),
  ...[
    ...[
      'GET http://localhost/healthz HTTP/1.1',
      'GET HTTPS://evil.example/healthz HTTP/1.1',
      'GET http://[::1 HTTP/1.1',
      'GET * HTTP/1.1',
    ],
    ...[
      'OPTIONS * HTTP/1.1',
      'GET localhost:80 HTTP/1.1',
      'TRACE /healthz HTTP/1.1',
      'HEAD /healthz HTTP/1.1',
      'PURGE / HTTP/1.1',
    ],
    ...[
      'GET //evil.example/healthz HTTP/1.1',
      'GET /healthz#x HTTP/1.1',
      'GET /healthz?#x HTTP/1.1',
      'GET /\xe9 HTTP/1.1',
      'GET /|<>"^` HTTP/1.1',
    ],
    ...[
      'GET http:///healthz HTTP/1.1',
      'GET  /healthz HTTP/1.1',
      'GET http://a b/ HTTP/1.1',
      'GET file:///etc/passwd HTTP/1.1',
      'GET /healthz HTTP/1.0',
      'QUERY /healthz HTTP/1.1',
    ],
    ...[
      'GET /\\..\\healthz HTTP/1.1',
      'GET http://localhost:99999/healthz HTTP/1.1',
      'GET http://localhost/%zz HTTP/1.1',
      'M-SEARCH * HTTP/1.1',
      'GET /healthz',
      'GET /healthz HTTP/2.0',
      'GET /healthz HTTP/0.9',
      'SOURCE /healthz ICE/1.0',
      'OPTIONS rtsp://localhost/ RTSP/1.0',
    ],
    ...[
      `GET /${'a'.repeat(15_000)} HTTP/1.1`,
      `GET /${'%41'.repeat(4_000)} HTTP/1.1`,
      `GET /?${'a=b&'.repeat(3_500)} HTTP/1.1`,
    ],
  ].map((line) => either(`the line ${JSON.stringify(line).slice(0, 60)}`, line, [])),
  refused('a line of 20 KB', `GET /${'a'.repeat(20_000)} HTTP/1.1`, []),
  refused('a method of 20 KB', `${'A'.repeat(20_000)} / HTTP/1.1`, []),
  answered('empty lines in front', `\r\n\r\n${CHECK}`, []),
  either('bare line feeds in front', `\n\n${CHECK}`, []),
  whole('refused', 'HTTP/0.9', () => 'GET /api/licensing/check\r\n'),
  whole(
    'refused',
    'a head of bare line feeds',
    ({ id, authorization }) => `${CHECK}\nHost: localhost\n${id}\n${authorization}\n\n`,
  ),
  whole(
    'refused',
    'the preface of HTTP/2 and a frame',
    () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0',
  ),
  whole('refused', 'a line of nothing but NUL', () => '\0'.repeat(1_000)),
  whole(
    'refused',
    'a greeting of TLS',
    () => `\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03${'\x7f'.repeat(200)}`,
  ),
];
