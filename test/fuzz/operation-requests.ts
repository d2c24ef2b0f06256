import fc from 'fast-check';
import { METHODS, openApi, type OperationSummary, type Schema } from '../support/openapi.js';
import { DOCUMENTED_PATHS } from './answer-oracle.js';
import { type Credentials, FuzzRequest } from './fuzz-request.js';
import { ACCOUNTS_WRITER, CANARY, LICENSING_READER, LICENSING_WRITER, ROOT_URL } from './fuzz-target.js';
import { JSON_TEXTS } from './json-corpus.js';
import { ALL_NAUGHTY_TEXT, percentEncoded } from './naughty-text.js';

/** What makes requests plausible: things that are really there. */
export interface Plausible {
  readonly callers: readonly Credentials[];
  readonly accountIds: readonly number[];
  readonly tokenIds: readonly number[];
  readonly accountNames: readonly string[];
  /** License tokens, genuine ones. */
  readonly licenses: readonly string[];
  /** License tokens that look right and are not. */
  readonly counterfeits: readonly string[];
}

/** The parts of a request that are chosen apart from each other. */
export interface RequestGenerators {
  readonly credentials: fc.Arbitrary<Credentials>;
  /** Requests for one operation: mostly almost right. */
  operation(operation: OperationSummary): fc.Arbitrary<FuzzRequest>;
  /** Requests for anything: paths and methods that hardly exist. */
  readonly anything: fc.Arbitrary<FuzzRequest>;
}

const NOBODY: ReadonlySet<string> = new Set();
const UIDS = [LICENSING_READER, LICENSING_WRITER, ACCOUNTS_WRITER, 'basic_grafana_admin', 'fixed_nobody'];
const naughty = fc.constantFrom(...ALL_NAUGHTY_TEXT, CANARY);
/** Text of any characters, halves of characters among them. */
const anyText = fc.oneof(
  naughty,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 200 }),
);
/** What a header can carry, and sometimes what it cannot; but no line end, which would make another request of it. */
const headerText = fc
  .oneof(
    { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 60 }) },
    { weight: 3, arbitrary: naughty.map((text) => Buffer.from(text, 'utf8').toString('latin1')) },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    },
  )
  .map((text) => text.replace(/[\r\n]/g, ' '));

export function requestGenerators(plausible: Plausible): RequestGenerators {
  const credentials = credentialsOf(plausible);
  return {
    credentials,
    operation: (operation) => operationRequest(operation, plausible, credentials),
    anything: fc
      .record({
        method: fc.constantFrom(
          ...METHODS.map((method) => method.toUpperCase()),
          'PROPFIND',
          'PURGE',
          'LINK',
        ),
        path: strayPath(plausible),
        query,
        credentials,
        headers,
        body: fc.option(rawBody, { nil: undefined, freq: 3 }),
      })
      .map(({ method, path, query: behind, credentials: who, headers: lines, body }) => {
        return new FuzzRequest(method, path + behind, who, lines, body);
      }),
  };
}

function operationRequest(
  { method, path }: OperationSummary,
  plausible: Plausible,
  credentials: fc.Arbitrary<Credentials>,
): fc.Arbitrary<FuzzRequest> {
  const schema =
    openApi.paths[path]?.[method.toLowerCase() as 'get']?.requestBody?.content['application/json']?.schema;
  const anyBody = fc.option(rawBody, { nil: undefined, freq: 8 });
  return fc
    .record({
      method: fc.oneof(
        { weight: 14, arbitrary: fc.constant<string>(method) },
        { weight: 1, arbitrary: fc.constantFrom('HEAD', ...METHODS.map((name) => name.toUpperCase())) },
      ),
      path: concretePath(path, plausible),
      query: fc.oneof({ weight: 5, arbitrary: fc.constant('') }, { weight: 1, arbitrary: query }),
      credentials,
      headers: schema === undefined ? headers : jsonHeaders,
      body: schema === undefined ? anyBody : bodyFor(schema, plausible),
      chunked: fc.boolean(),
    })
    .map(({ method: name, path: where, query: behind, credentials: who, headers: lines, body, chunked }) => {
      return new FuzzRequest(name, where + behind, who, lines, body, chunked);
    });
}

// --- who -------------------------------------------------------------------------------------------------------------

function credentialsOf({ callers }: Plausible): fc.Arbitrary<Credentials> {
  const right = callers.filter(({ authorization }) => authorization.length === 1);
  const bearers = right
    .map(({ authorization: [value = ''] }) => value)
    .filter((value) => value.startsWith('Bearer '));
  const wrong = (name: string, ...authorization: string[]): Credentials => ({
    name,
    authorization,
    actions: NOBODY,
  });
  const token = fc.constantFrom(...bearers).map((value) => value.slice('Bearer '.length));
  return fc.oneof(
    // Mostly somebody who may: the rest of the request is looked at only then.
    { weight: 10, arbitrary: fc.constantFrom(...right.slice(0, 2)) },
    { weight: 10, arbitrary: fc.constantFrom(...callers) },
    { weight: 1, arbitrary: spelled(right) },
    { weight: 1, arbitrary: damagedToken(token).map((text) => wrong('a damaged token', `Bearer ${text}`)) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom<(token: string) => string[]>(
          (text) => [`Bearer ${text}`, `Bearer ${text}`],
          (text) => ['', `Bearer ${text}`],
          (text) => [`Bearer ${text}, Bearer ${text}`],
          (text) => [`Bearer  ${text}`],
          (text) => [`Bearer "${text}"`],
          (text) => [`Bearer ${text} ${text}`],
          (text) => [`Bearer token=${text}`],
          (text) => [`Bearer:${text}`],
          (text) => [`Token ${text}`],
          (text) => [`Digest username="a", response="${text}"`],
          (text) => [`Negotiate ${text}`],
          (text) => [`Basic ${text}`],
          (text) => [`Basic ${Buffer.from(`api_key:${text}`).toString('base64')}`],
          (text) => [text],
          (text) => [`Bearer ${encodeURIComponent(`${text}%`)}`],
        )
        .chain((form) => token.map((text) => wrong('a token in a wrong form', ...form(text)))),
    },
    {
      weight: 1,
      arbitrary: fc
        .oneof(
          headerText.map((text) => `Bearer ${text}`),
          anyText.map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
          fc.tuple(naughty, naughty).map(([a, b]) => `Basic ${Buffer.from(`${a}:${b}`).toString('base64')}`),
          headerText,
          fc.constant(`Bearer ${'a'.repeat(9_000)}`),
          fc.constant(`Basic ${'QQ'.repeat(4_000)}`),
          fc.constantFrom(
            'Bearer',
            'Bearer ',
            'Basic',
            'Basic =',
            'Basic Og==',
            'Bearer licsa_',
            'null',
            ',',
          ),
        )
        .map((value) => wrong('anything', value)),
    },
  );
}

/** The same credentials with another letter case of the scheme: still the same caller. */
function spelled(right: readonly Credentials[]): fc.Arbitrary<Credentials> {
  return fc
    .tuple(fc.constantFrom(...right), fc.constantFrom('toLowerCase' as const, 'toUpperCase' as const))
    .map(([caller, spell]) => ({
      ...caller,
      authorization: caller.authorization.map((value) => value.replace(/^\w+/, (scheme) => scheme[spell]())),
    }));
}

/** A token with one place changed, cut off or added to. */
function damagedToken(token: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(token, fc.nat(), fc.constantFrom('cut', 'change', 'case', 'add', 'swap'))
    .map(([text, at, how]) => {
      const place = at % text.length;
      const [before, here, after] = [text.slice(0, place), text.charAt(place), text.slice(place + 1)];
      const other = here === 'A' ? 'B' : 'A';
      if (how === 'cut') return before + after;
      if (how === 'change') return before + other + after;
      if (how === 'add') return `${before}${here}${other}${after}`;
      if (how === 'swap')
        return after.charAt(0) === here ? text.slice(1) : before + after.charAt(0) + here + after.slice(1);
      const flipped = here === here.toLowerCase() ? here.toUpperCase() : here.toLowerCase();
      return flipped === here ? `${text}0` : before + flipped + after;
    });
}

// --- where -----------------------------------------------------------------------------------------------------------

const oddSegments = [
  ...[
    '0',
    '00',
    '01',
    '-1',
    '+1',
    '1.0',
    '1.5',
    '1e3',
    '0x1',
    '1_0',
    '1,0',
    '9007199254740991',
    '9007199254740992',
  ],
  ...[
    '9223372036854775807',
    '9223372036854775808',
    '99999999999999999999',
    '1'.repeat(400),
    'NaN',
    'Infinity',
  ],
  ...[
    'null',
    'undefined',
    'true',
    '__proto__',
    'constructor',
    'toString',
    '*',
    ':id',
    '{id}',
    '$1',
    '~',
    "'",
    '1;2',
  ],
  ...[
    '',
    '.',
    '..',
    '...',
    '%2e',
    '%2e%2e',
    '%2F',
    '1%2F2',
    '%5C',
    '%00',
    '1%00',
    '%0a',
    '1%0d%0a',
    '%20',
    '1%20',
  ],
  ...[
    '%09',
    '%25',
    '%2525',
    '%31',
    '%3131',
    '%zz',
    '%',
    '%f',
    '%E0%A4%A',
    '%C0%AF',
    '%FF',
    '%ED%A0%80',
    '%EF%BB%BF1',
  ],
  ...[
    '%D9%A1',
    '%EF%BC%91',
    '1&2',
    '1=1',
    '1+1',
    '(1)',
    '[1]',
    '1|2',
    '\\',
    '1\\..',
    '@',
    'a@b',
    ';',
    'x;y=z',
  ],
  ...['a'.repeat(5_000), '%41'.repeat(2_000), '%F0%9F%98%80'.repeat(200), CANARY],
];

const oddSegment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...oddSegments) },
  { weight: 2, arbitrary: naughty.map(percentEncoded) },
  // Of the characters that a path may have without being encoded; these never end it.
  { weight: 1, arbitrary: fc.stringMatching(/^[!$&-.0->@-~]{1,30}$/) },
);

/** A path of a template, its parameters filled in; at times with a segment that is none of it. */
function concretePath(template: string, plausible: Plausible): fc.Arbitrary<string> {
  const existing = (name: string): fc.Arbitrary<string> => {
    if (name === 'roleUid') return fc.constantFrom(...UIDS);
    const ids = name === 'tokenId' ? plausible.tokenIds : plausible.accountIds;
    return fc.constantFrom(...ids.map(String), String(Math.max(...ids) + 1_000_000));
  };
  const segments = template.split('/').map((segment) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined) return fc.constant(segment);
    return fc.oneof({ weight: 6, arbitrary: existing(name) }, { weight: 3, arbitrary: oddSegment });
  });
  const straight = fc.tuple(...segments).map((parts) => parts.join('/'));
  return fc.oneof({ weight: 12, arbitrary: straight }, { weight: 1, arbitrary: bent(straight) });
}

/** A path that is almost another one. */
function bent(path: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const bend = fc.constantFrom<(text: string) => string>(
    (text) => `${text}/`,
    (text) => `/${text}`,
    (text) => text.replace(/\/(\w+)$/, '//$1'),
    (text) => text.replace('/api', '/./api'),
    (text) => text.replace('/api', '/x/../api'),
    (text) => text.replace('/api', '/API'),
    (text) => text.replace('a', '%61'),
    (text) => text.replaceAll('/', '%2F').replace('%2F', '/'),
    (text) => `${text}%00`,
    (text) => `${text}.json`,
    (text) => `${text};jsessionid=1`,
    (text) => `${text}/..`,
    (text) => `${text}%3Fa=b`,
    (text) => text.toUpperCase(),
    (text) => text.slice(0, -1),
    (text) => `/healthz/..${text}`,
  );
  return fc.tuple(path, bend).map(([text, how]) => how(text));
}

function strayPath(plausible: Plausible): fc.Arbitrary<string> {
  return fc.oneof(
    bent(fc.constantFrom(...DOCUMENTED_PATHS).chain((path) => concretePath(path, plausible))),
    fc.array(oddSegment, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
    fc.tuple(fc.constantFrom(...DOCUMENTED_PATHS), oddSegment).map(([path, segment]) => {
      return `${path.replaceAll(/\{\w+\}/g, '1')}/${segment}`;
    }),
    fc.constantFrom(
      '/',
      '/metrics/x',
      '/favicon.ico',
      '/.git/config',
      '/api',
      '/api/',
      '/robots.txt',
      '/*',
      '//',
    ),
  );
}

const query = fc.oneof(
  fc.constantFrom(
    ...['?', '??', '?&', '?=', '?a', '?a=1&a=2', '?a[]=1&a[]=2', '?a[0]=1', '?a[b][c]=1', '?__proto__[x]=1'],
    ...[
      '?constructor.prototype.x=1',
      '?_method=DELETE',
      '?%',
      '?%zz',
      '?%00',
      '?%0d%0aX:%201',
      '?page=-1&perpage=1e9',
      '?at=1',
      '?at=253402300799',
      '?at=253402300800',
      '?at=-1',
      '?at=01',
      '?at=1e9',
      '?at=',
      '?at=1&at=2',
      '?at[]=1',
    ],
    ...[
      '?/../..',
      '?http://x/',
      '?access_token=wrong',
      '?token=x',
      '?instance=http://localhost:3000/',
      "?q='--",
    ],
    ...[`?${'a=1&'.repeat(2_000)}`, `?${'a'.repeat(9_000)}`, '?\\', '?;', '?{}', '?<script>', `?q=${CANARY}`],
  ),
  fc.array(fc.tuple(naughty, naughty), { minLength: 1, maxLength: 4 }).map((pairs) => {
    return `?${pairs.map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`).join('&')}`.slice(
      0,
      9_000,
    );
  }),
);

// --- how -------------------------------------------------------------------------------------------------------------

const HEADER_VALUES: Readonly<Record<string, readonly string[]>> = {
  'Content-Encoding': ['identity', 'gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', '', 'x'],
  Expect: ['100-continue', '100-Continue', '200-ok', 'x'],
  'X-HTTP-Method-Override': ['DELETE', 'GET', 'PATCH', 'TRACE', ''],
  'X-HTTP-Method': ['DELETE'],
  'X-Method-Override': ['PUT'],
  'X-Original-URL': ['/healthz', '/api/licensing/token'],
  'X-Rewrite-URL': ['/healthz'],
  'X-Forwarded-For': ['127.0.0.1', '::1', '10.0.0.1, 127.0.0.1', 'unknown', "' OR 1=1--", CANARY],
  'X-Forwarded-Proto': ['https', 'javascript'],
  'X-Forwarded-Host': ['evil.example'],
  Forwarded: ['for=127.0.0.1;proto=https', 'for="[::1]"', ';;;='],
  'X-Real-IP': ['127.0.0.1'],
  'X-Request-Id': [
    'deploy-4711',
    'a'.repeat(128),
    'a'.repeat(129),
    '',
    'a b',
    '../x',
    '<x>',
    '\xe9',
    '${x}',
    'a,b',
  ],
  traceparent: [
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
    '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-',
    '00',
    '',
  ],
  tracestate: ['a=b', '=,=', 'x'.repeat(600)],
  Accept: ['*/*', 'text/html', 'application/xml', 'application/json;q=0', '', 'x', ';'],
  'Accept-Encoding': ['gzip', 'br, *;q=0', 'identity;q=0'],
  'Accept-Language': ['de', '*', '../../x'],
  'Accept-Charset': ['utf-16', 'x'],
  'If-None-Match': ['*', '"x"', 'W/"x"', 'x'],
  'If-Match': ['"x"', '*'],
  'If-Modified-Since': ['Wed, 21 Oct 2099 07:28:00 GMT', 'x'],
  'If-Unmodified-Since': ['Wed, 21 Oct 1999 07:28:00 GMT'],
  Range: ['bytes=0-0', 'bytes=-1', 'bytes=0-,0-,0-', `bytes=${'0-,'.repeat(500)}`, 'x'],
  Cookie: ['a=b', 'access_token=wrong', `a=${'b'.repeat(4_000)}`, '=', 'grafana_session=x'],
  Origin: ['https://evil.example', 'null'],
  Referer: ['https://evil.example/', CANARY],
  'Access-Control-Request-Method': ['DELETE'],
  'User-Agent': ['', '${jndi:ldap://127.0.0.1:1/a}', CANARY, 'a'.repeat(4_000)],
  'Proxy-Authorization': ['Basic QTpC'],
  Upgrade: ['h2c', 'websocket', 'TLS/1.0'],
  Connection: ['close', 'keep-alive', 'upgrade', 'x-a, keep-alive', 'close, keep-alive'],
  'Keep-Alive': ['timeout=0', 'x'],
  TE: ['trailers', 'gzip;q=1'],
  Trailer: ['Authorization'],
  Via: ['1.1 x'],
  'Max-Forwards': ['0', '-1'],
  Pragma: ['no-cache'],
  'Cache-Control': ['only-if-cached', 'max-age=x'],
  DNT: ['1'],
  Date: ['x'],
  From: ["a'@b"],
  'Content-Disposition': ['attachment; filename="../x"'],
  'Content-Language': ['x'],
  'Content-Location': ['/x'],
  'Content-Range': ['bytes 0-1/2', 'x'],
  __proto__: ['x'],
  constructor: ['x'],
};

const knownHeader = fc
  .constantFrom(...Object.entries(HEADER_VALUES).filter(([, values]) => Array.isArray(values)))
  .chain(([name, values]) =>
    fc
      .oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: headerText })
      .map((value): [string, string] => [name, value]),
  );

const anyHeader = fc.tuple(
  fc.oneof(
    fc.stringMatching(/^[a-z]{1,10}-[a-z-]{1,10}$/),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'X', `X-${'a'.repeat(1_000)}`, "!#$%&'*+-.^_`|~"),
  ),
  headerText,
);

const contentType = fc.oneof(
  { weight: 20, arbitrary: fc.constant('application/json') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset="UTF-8"'],
      ...[
        'application/json; charset=utf-16',
        'application/json; charset=latin1',
        'application/json;',
        'text/json',
      ],
      ...[
        'application/json, text/plain',
        'application/problem+json',
        'application/x-www-form-urlencoded',
        '*/*',
      ],
      ...['multipart/form-data; boundary=x', 'text/plain', 'application/xml', 'application/octet-stream', ''],
      ...[`application/json; ${'a'.repeat(4_000)}`, 'application/json; charset=utf-8; charset=utf-16'],
      ...[
        `application/json${' '.repeat(4_000)}x`,
        `application/json;${' '.repeat(4_000)}charset`,
        'application/json\t',
      ],
    ),
  },
  { weight: 1, arbitrary: headerText },
);

const headers: fc.Arbitrary<[string, string][]> = fc.array(
  fc.oneof({ weight: 4, arbitrary: knownHeader }, { weight: 1, arbitrary: anyHeader }),
  { maxLength: 4 },
);

/** Headers of a request with a body: one Content-Type, or none, or several. */
const jsonHeaders: fc.Arbitrary<[string, string][]> = fc
  .tuple(
    fc.oneof(
      { weight: 20, arbitrary: fc.array(contentType, { minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(contentType, { maxLength: 3 }) },
    ),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant<[string, string][]>([]) },
      { weight: 1, arbitrary: headers },
    ),
  )
  .map(([types, more]) => [...types.map((type): [string, string] => ['Content-Type', type]), ...more]);

// --- what ------------------------------------------------------------------------------------------------------------

/** Bytes that were not made for anything. */
const rawBody: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom(...JSON_TEXTS.map(({ bytes }) => bytes)),
  fc.json().map(utf8),
  anyText.map((text) => utf8(JSON.stringify(text))),
  fc.constantFrom(
    utf8(''),
    utf8('a=1&token=x'),
    utf8('--x\r\n\r\n--x--'),
    utf8('<a/>'),
    utf8('['.repeat(100_000)),
  ),
  fc.constantFrom(64 * 1024, 64 * 1024 + 1, 200_000).map((length) => Buffer.alloc(length, 0x20)),
);

/** A body for a schema: right, almost right, or not at all. */
function bodyFor(schema: Schema, plausible: Plausible): fc.Arbitrary<Uint8Array | undefined> {
  const right = memberTexts(schema, plausible);
  const asObject = (members: readonly MemberText[]) => {
    return utf8(`{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`);
  };
  const almost = fc
    .tuple(right, fc.array(change(schema, plausible), { minLength: 1, maxLength: 3 }))
    .map(([members, changes]) =>
      asObject(changes.reduce<readonly MemberText[]>((before, how) => how(before), members)),
    );
  return fc.oneof(
    { weight: 6, arbitrary: right.map(asObject) },
    { weight: 8, arbitrary: almost },
    { weight: 2, arbitrary: damagedBytes(right.map(asObject)) },
    { weight: 2, arbitrary: rawBody },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

/** Name and value of a member, both as JSON: so that one can be there twice, or be called `__proto__`. */
type MemberText = readonly [name: string, value: string];

function memberTexts(schema: Schema, plausible: Plausible): fc.Arbitrary<readonly MemberText[]> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const required = (schema.required ?? []) as string[];
  const members = properties.map(([name, member]) => {
    const text = valueOf(name, member, plausible).map((value): MemberText[] => [
      [JSON.stringify(name), JSON.stringify(value)],
    ]);
    return required.includes(name) ? text : fc.oneof(text, fc.constant<MemberText[]>([]));
  });
  return fc.tuple(...members).map((lists) => lists.flat());
}

/** A value that a schema allows; where things of this name exist, mostly one of them. */
function valueOf(name: string, schema: Schema, plausible: Plausible): fc.Arbitrary<unknown> {
  const existing: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    token: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...plausible.licenses) },
      { weight: 3, arbitrary: fc.constantFrom(...plausible.counterfeits) },
      { weight: 3, arbitrary: damagedToken(fc.constantFrom(...plausible.licenses)) },
    ),
    instance: fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(ROOT_URL, 'http://localhost:3000', 'HTTP://LOCALHOST:3000/') },
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          ...[
            'http://localhost:3000/x',
            'http://localhost/',
            'https://localhost:3000/',
            'http://localhost:3000/?a',
          ],
          ...[
            'http://localhost:3000/#',
            'http://a@localhost:3000/',
            'http://localhost:3000.evil.example/',
            '*',
          ],
          ...[
            'http://localhost:3000//',
            'http://localhost:3000/./',
            'http:localhost:3000',
            '//localhost:3000/',
          ],
          ...[
            'http:\\\\localhost:3000\\',
            ' http://localhost:3000/',
            'http://127.0.0.1:3000/',
            'http://localhost:03000/',
          ],
        ),
      },
    ),
    name: fc.oneof(
      fc.constantFrom(...plausible.accountNames, 'token', 'second'),
      fc.string({ minLength: 1, maxLength: 30 }),
    ),
    roleUid: fc.constantFrom(...UIDS),
  };
  const known = Object.hasOwn(existing, name) ? existing[name] : undefined;
  const plain = fromSchema(schema);
  return known === undefined
    ? plain
    : fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: plain });
}

/** The same pattern for fast-check 4, which cannot read an escape of six digits, and has no surrogates to choose from. */
function readable(pattern: string): string {
  return pattern
    .replaceAll('\\p{Cs}', '\\ud800-\\udfff')
    .replaceAll(/\\u\{([0-9a-f]{6})\}/g, (_, code: string) => String.fromCodePoint(parseInt(code, 16)));
}

/** Any value of a schema, as far as the document's requests use schemas. */
function fromSchema(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({
        min: Number(schema.minimum ?? -0x80000000),
        max: Math.min(Number(schema.maximum ?? Infinity), 0x7fffffff),
      });
    case 'array':
      return fc.array(fromSchema(schema.items as Schema), {
        minLength: Number(schema.minItems ?? 0),
        maxLength: 5,
      });
    case 'object': {
      const members = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
      const values = Object.fromEntries(members.map(([name, member]) => [name, fromSchema(member)]));
      return fc.record(values, { requiredKeys: (schema.required ?? []) as string[] });
    }
    case 'string':
      return typeof schema.pattern === 'string'
        ? fc.stringMatching(new RegExp(readable(schema.pattern), 'u'))
        : fc.string({ unit: 'grapheme', minLength: Number(schema.minLength ?? 0), maxLength: 200 });
    default:
      throw new Error(`no values are made for the type ${String(schema.type)}`);
  }
}

type Change = (members: readonly MemberText[]) => readonly MemberText[];

/** Something that makes the members of a body wrong, or at least unusual. */
function change(schema: Schema, plausible: Plausible): fc.Arbitrary<Change> {
  const names = Object.keys(schema.properties ?? {});
  const odd: fc.Arbitrary<string> = fc.oneof(
    anyText.map((text) => JSON.stringify(text)),
    fc.constantFrom(
      ...[
        'null',
        'true',
        'false',
        '0',
        '1',
        '-1',
        '0.5',
        '1e308',
        '2147483648',
        '9007199254740993',
        '-0',
        '1e400',
      ],
      ...[
        '[]',
        '{}',
        '[null]',
        '{"$gt":""}',
        '[[[[]]]]',
        '{"a":{"a":1,"a":2}}',
        '{"__proto__":{}}',
        '{"length":1}',
      ],
      ...[
        '"true"',
        '"1"',
        '"\\u0000"',
        '"\\ud800"',
        '"*"',
        '" a "',
        `"${'a'.repeat(20_000)}"`,
        `"${CANARY}"`,
      ],
      ...[
        `[${'0,'.repeat(5_000)}0]`,
        `${'['.repeat(31)}${']'.repeat(31)}`,
        `${'['.repeat(33)}${']'.repeat(33)}`,
      ],
      ...['{"toString":null}', '{"toJSON":1}', '{"then":1}', '["a","b"]', '1e-400', '{"":""}', 'NaN', "'a'"],
    ),
    fc.constantFrom(...plausible.licenses, ...plausible.accountNames).map((text) => JSON.stringify(text)),
    fc.json({ maxDepth: 3 }),
  );
  const otherName = fc.oneof(
    fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      '',
      'a',
      'NAME',
      'Token',
      'instance',
      'id',
    ),
    fc.constantFrom(
      'isAdmin',
      'orgId',
      'queue',
      'acknowledge',
      'validate',
      'metadata',
      'then',
      'role',
      '$ref',
      'a b',
    ),
    anyText,
  );
  const anyName = fc.oneof(
    ...(names.length > 0 ? [{ weight: 2, arbitrary: fc.constantFrom(...names) }] : []),
    { weight: 1, arbitrary: otherName },
  );
  const add = fc.tuple(anyName, odd, fc.boolean()).map(([name, value, first]): Change => (members) => {
    const added: MemberText = [JSON.stringify(name), value];
    return first ? [added, ...members] : [...members, added];
  });
  const replace = fc.tuple(fc.nat(), odd).map(([at, value]): Change => (members) => {
    return members.map((member, index) => (index === at % members.length ? [member[0], value] : member));
  });
  const drop = fc.nat().map(
    (at): Change =>
      (members) =>
        members.filter((_, index) => index !== at % members.length),
  );
  const double = fc.constantFrom<Change>(
    (members) => [...members, ...members],
    (members) =>
      members.flatMap(([name, value]) => [[name, value] as const, [escaped(name), value] as const]),
    (members) => members.map(([name, value]) => [escaped(name), value] as const),
    (members) => [...members].reverse(),
    (members) => members.map(([name, value]) => [` \n${name}\t`, `\r${value} `] as const),
    (members) => members.map(([name, value]) => [name, `[${value}]`] as const),
    (members) => members.map(([name, value]) => [name.toUpperCase(), value] as const),
  );
  return fc.oneof({ weight: 3, arbitrary: replace }, { weight: 3, arbitrary: add }, drop, double);
}

/** The same name written with an escape. */
function escaped(name: string): string {
  return name.replace(/[a-z]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

/** Bytes with something cut off, put in, or overwritten. */
export function damagedBytes(right: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(
    fc.constantFrom('cut', 'drop', 'put', 'set', 'double'),
    fc.nat(),
    fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:\\ \0\xff\xef\x80-+.0e\n\t/u', 'latin1')), fc.nat(255)),
  );
  return fc.tuple(right, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([bytes, edits]) => {
    return edits.reduce<Buffer>((before, [how, where, byte]) => {
      const at = before.length === 0 ? 0 : where % before.length;
      if (how === 'cut') return before.subarray(0, at);
      const skipped = how === 'drop' || how === 'set' ? 1 : 0;
      const put = how === 'drop' ? [] : how === 'double' ? [before[at] ?? 0] : [byte];
      return Buffer.concat([before.subarray(0, at), Buffer.from(put), before.subarray(at + skipped)]);
    }, Buffer.from(bytes));
  });
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
