import { createHmac } from 'node:crypto';
import { createKey, encode, type Overrides, sign as signJws, signParts, type TestKey } from '../../tokens.js';
import { type AnswerData, faults, FORGED, MISTIMED, type Row, type Situation, UNUSABLE } from './fault.js';

const DAY = 86_400;
const HOUR = 3_600;
const ofToken = (token: string): AnswerData => ({ status: 200, body: { token } });
/** A row whose token is made by the situation. */
const row = (name: string, make: (situation: Situation) => string): Row => [name, (at) => ofToken(make(at))];
/** A row whose token is good but for these claims. */
const claims = (name: string, change: (next: Overrides, now: number) => Overrides): Row =>
  row(name, ({ sign, next }) => sign({ ...next, ...change(next, Math.floor(Date.now() / 1000)) }));
/** A row whose token is good but for its header. */
const header = (name: string, change: (at: Situation) => Overrides | string): Row =>
  row(name, (at) => signJws({ key: at.key, claims: at.next, header: change(at) }));
/** A row whose token was good before its text was changed. */
const text = (name: string, change: (token: string, at: Situation) => string): Row =>
  row(name, (at) => change(at.sign(at.next), at));
/** A row whose claims are the text that this makes of the right ones. */
const json = (name: string, change: (claims: string) => string): Row =>
  row(name, ({ key, next }) => signJws({ key, claims: change(JSON.stringify(next)) }));

/** A row that revokes by the statement that this makes. */
const revocation = (name: string, statement: (at: Situation) => string): Row => [
  `revokes ${name}`,
  (at) => ({ status: 410, body: { code: 'license_revoked', statement: statement(at) } }),
];

const REQUIRED = ['iss', 'sub', 'jti', 'lid', 'iat', 'exp', 'lexp', 'prod'] as const;
const stranger = createKey('ES256', 'a-key-of-nobody');

/** The same with another signature. */
function turned(token: string): string {
  const [first, second, signature = ''] = token.split('.');
  return `${first}.${second}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}

function withoutCounterpart(at: Situation): TestKey {
  return { ...createKey('ES256', at.key.kid) };
}

/** Answers that are fine but for the token in them. */
export const tokens = [
  ...faults('shape', UNUSABLE, [
    row('gives an empty token', () => ''),
    row('gives dots for a token', () => '..'),
    row('gives a token of 17 KiB', ({ sign, next }) => sign({ ...next, filling: 'x'.repeat(17 * 1024) })),
    text('pads its token', (token) => `${token}=`),
    text('puts a space before its token', (token) => ` ${token}`),
    text('puts a line end behind its token', (token) => `${token}\n`),
    text('breaks its token into lines', (token) => token.replace('.', '.\n')),
    text(
      'writes its token in ordinary base64',
      (token) => token.replaceAll('-', '+').replaceAll('_', '/') + '+/',
    ),
    text('names the scheme before its token', (token) => `Bearer ${token}`),
    text('cuts the signature off its token', (token) => token.replace(/\.[^.]*$/, '')),
    text('leaves the signature of its token empty', (token) => token.replace(/\.[^.]*$/, '.')),
    text('adds a part to its token', (token) => `${token}.e30`),
    text('encrypts, by its looks', (token) => `${token}.e30.e30`),
    text('sets loose bits at the end of its token', (token) =>
      token.replace(/.$/, (last) => (last === 'B' ? 'C' : 'B')),
    ),
    header(
      'begins its header with a byte order mark',
      ({ key }) => `\ufeff{"alg":"ES256","kid":"${key.kid}"}`,
    ),
    header('says alg twice', ({ key }) => `{"alg":"none","alg":"ES256","kid":"${key.kid}"}`),
    header('has a critical header', () => ({ crit: ['exp'], exp: 1 })),
    header('does not encode its payload', () => ({ b64: false, crit: ['b64'] })),
    header('gives a token of another type', () => ({ typ: 'at+jwt' })),
    header('gives a statement of revocation for a token', () => ({ typ: 'license-revocation+jwt' })),
  ]),
  ...faults('keys of tokens', FORGED, [
    row('signs with a key that it never published', ({ sign, next }) => sign(next, stranger)),
    row('signs with another key of the same name', (at) => at.sign(at.next, withoutCounterpart(at))),
    row('signs with another key, and brings it along', (at) =>
      signJws({ key: withoutCounterpart(at), claims: at.next, header: { jwk: stranger.jwk } }),
    ),
    row('signs with another key, and says where it is', (at) =>
      signJws({ key: stranger, claims: at.next, header: { jku: `${at.url}/.well-known/jwks.json` } }),
    ),
    row('signs with its public key as a secret', (at) => {
      const input = `${encode(JSON.stringify({ alg: 'HS256', kid: at.key.kid }))}.${encode(JSON.stringify(at.next))}`;
      return `${input}.${createHmac('sha256', JSON.stringify(at.key.jwk)).update(input).digest('base64url')}`;
    }),
    row('signs nothing, and says so', (at) => {
      const input = `${encode(JSON.stringify({ alg: 'none', kid: at.key.kid }))}.${encode(JSON.stringify(at.next))}`;
      return `${input}.AAAA`;
    }),
    header('writes its algorithm in small letters', () => ({ alg: 'es256' })),
    header('says another algorithm than its key has', () => ({ alg: 'RS256' })),
    text('changes a claim after signing', (token, { next }) => {
      const [first = '', , last = ''] = token.split('.');
      return `${first}.${encode(JSON.stringify({ ...next, included_users: 1_000_000 }))}.${last}`;
    }),
    text('turns a bit of its signature', turned),
    text('signs with zeros', (token) => token.replace(/[^.]*$/, 'A'.repeat(86))),
    row('signs another header than it sends', (at) => {
      const payload = encode(JSON.stringify(at.next));
      const signed = signParts(`${encode(JSON.stringify({ alg: 'ES256', kid: 'x' }))}.${payload}`, at.key);
      return `${encode(JSON.stringify({ alg: 'ES256', kid: at.key.kid }))}.${payload}.${signed.split('.')[2]}`;
    }),
    header('names no key', () => ({ kid: undefined })),
    header('names a key by a number', () => ({ kid: 7 })),
    header('names a key of 300 letters', () => ({ kid: 'k'.repeat(300) })),
    claims('gives a license of another issuer', () => ({ iss: 'https://elsewhere.example.com' })),
    claims('writes its own name with a slash', ({ iss }) => ({ iss: `${iss as string}/` })),
  ]),
  ...faults('other licenses', UNUSABLE, [
    claims('gives another license', () => ({ lid: 'another' })),
    claims('gives a license of another instance', () => ({ sub: 'https://elsewhere.example.com/' })),
    claims('gives a license of an instance whose name begins alike', ({ sub }) => ({
      sub: `${sub as string}x/`,
    })),
    claims('gives a license of another product', () => ({ prod: ['something-else'] })),
    claims('gives a license of no product', () => ({ prod: [] })),
  ]),
  ...faults('older tokens', UNUSABLE, [
    claims('gives a token that is a second older', ({ iat }) => ({ iat: Number(iat) - 2 })),
    claims('gives a token that is a day older', ({ iat }) => ({ iat: Number(iat) - DAY })),
    claims('gives a token of the same second that ends earlier', ({ iat, exp }) => ({
      iat: Number(iat) - 1,
      exp: Number(exp) - HOUR,
    })),
    row('repeats the token that it was shown, with other claims', ({ sign, shown, claims: held }) =>
      sign({ ...held, included_users: shown.length }),
    ),
    row('repeats an id, with another time', ({ sign, next, claims: held }) =>
      sign({ ...next, jti: held.jti ?? '' }),
    ),
  ]),
  ...faults('clocks', MISTIMED, [
    claims('has a clock that is a minute ahead', (_, now) => ({ iat: now + 60 })),
    claims('has a clock that is a day ahead', (_, now) => ({ iat: now + DAY, exp: now + 2 * DAY })),
    claims('gives a license of the next term', (_, now) => ({ nbf: now + DAY })),
    claims('gives a token that has ended', (_, now) => ({ exp: now - 1 })),
    claims('gives a license that has ended', (_, now) => ({ lexp: now - 1 })),
  ]),
  ...faults('claims', UNUSABLE, [
    ...REQUIRED.map((name) => claims(`leaves ${name} out`, () => ({ [name]: undefined }))),
    ...REQUIRED.map((name) => claims(`says null for ${name}`, () => ({ [name]: null }))),
    claims('writes a time as text', ({ exp }) => ({ exp: `${Number(exp)}` })),
    claims('writes a time with a fraction', ({ exp }) => ({ exp: Number(exp) + 0.5 })),
    claims('writes a time before 1970', () => ({ nbf: -1 })),
    claims('writes a time after 9999', () => ({ lexp: 253_402_300_800 })),
    claims('writes times in milliseconds', ({ exp }) => ({ exp: Number(exp) * 1000 })),
    claims('counts users below zero', () => ({ included_users: -1 })),
    claims('counts more users than fit', () => ({ included_users: 2 ** 31 })),
    claims('counts users with a text', () => ({ included_users: '50' })),
    claims('has a NUL in a name', () => ({ company: 'a\0b' })),
    claims('has half a character in a name', () => ({ company: '\ud800' })),
    claims('has a name of 2 KiB', () => ({ company: 'x'.repeat(2048) })),
    claims('nests its claims 40 deep', () => ({
      more: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) as never,
    })),
    json('never ends, by a number that no one can hold', (body) => body.replace(/"exp":\d+/, '"exp":1e400')),
    json('says a claim twice', (body) => body.replace('{', '{"lid":"another",')),
    json('has a byte order mark in its claims', (body) => `\ufeff${body}`),
    json('claims a list', (body) => `[${body}]`),
    json('claims nothing', () => ''),
  ]),
  ...faults('revocations', UNUSABLE, [
    ['revokes without a statement', { status: 410, body: { code: 'license_revoked' } }],
    ['revokes without a code', (at) => ({ status: 410, body: { statement: at.statement() } })],
    ['revokes with a page', { status: 410, body: '<html>Gone</html>' }],
    ['revokes with nothing', { status: 410 }],
    [
      'revokes by the license itself',
      ({ shown }) => ({ status: 410, body: { code: 'license_revoked', statement: shown } }),
    ],
    revocation('another license', (at) => at.statement({ lid: 'another' })),
    revocation('without a time', (at) => at.statement({ iat: undefined })),
    revocation('without a license', (at) => at.statement({ lid: undefined })),
    revocation('in a license', (at) => at.sign(at.next)),
    revocation('with padding', (at) => `${at.statement()}=`),
    revocation('with no text', () => ''),
  ]),
  ...faults('revocations', FORGED, [
    revocation('by a key that it never published', (at) => at.statement({}, stranger)),
    revocation('by another key of the same name', (at) => at.statement({}, withoutCounterpart(at))),
    revocation('for another issuer', (at) => at.statement({ iss: 'https://elsewhere.example.com' })),
    revocation('with a turned bit', (at) => turned(at.statement())),
  ]),
  ...faults('revocations', MISTIMED, [
    revocation('an hour ahead', (at) => at.statement({ iat: Math.floor(Date.now() / 1000) + HOUR })),
  ]),
];
