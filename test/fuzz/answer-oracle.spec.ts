import { findings } from './answer-oracle.js';
import { FuzzRequest } from './fuzz-request.js';
import type { WireAnswer } from './wire.js';

const SECRET = 'a-secret-that-nobody-may-be-told';
const reader = { name: 'reader', authorization: [`Bearer ${SECRET}`], actions: new Set(['licensing:read']) };
const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'deny',
  'x-request-id': 'one',
};
const check = new FuzzRequest('GET', '/api/licensing/check', reader, [], undefined);
const install = new FuzzRequest('POST', '/api/licensing/token', reader, [], Buffer.from('{}'));

/** An answer in the shape of a failure, but for what is given. */
function failure(status: number, body: object, headers: object = {}): WireAnswer {
  const text = JSON.stringify({
    message: 'Bad request data',
    messageId: 'bad-request',
    statusCode: status,
    traceID: '',
    ...body,
  });
  return { status, text, headers: { ...HEADERS, 'content-length': String(text.length), ...headers } };
}

function success(text: string): WireAnswer {
  const headers = { ...HEADERS, 'content-type': 'application/json', 'content-length': String(text.length) };
  return { status: 200, text, headers };
}

const found = (request: FuzzRequest, answer: WireAnswer) => findings(request, answer, [SECRET]).join('; ');

describe('What is looked for in an answer', () => {
  it('is nothing in one of the contract', () => {
    expect(found(check, success('true'))).toBe('');
    expect(found(install, failure(400, { error: 'token must be a string' }))).toBe('');
  });

  it.each([
    [
      'a 500',
      failure(500, { messageId: 'internal-error', message: 'Internal server error' }),
      'the status is 500',
    ],
    [
      'a 503 without its reason in the issuer',
      failure(503, { messageId: 'database.unavailable' }, { 'retry-after': '2' }),
      'the status is 503',
    ],
    [
      'a code of another status',
      failure(400, { messageId: 'license.stale' }),
      'license.stale is no code of 400',
    ],
    ['a member too many', failure(400, { stack: 'x' }), 'additional properties'],
    ['a missing header', failure(400, {}, { 'cache-control': 'public' }), 'Cache-Control'],
    ['a stack', failure(400, { error: 'x at Parser.read (/srv/a.js:1:2)' }), 'tells about the inside'],
    ['a file', failure(400, { error: 'cannot open /etc/licentia/key' }), 'tells about the inside'],
    ['a statement', failure(400, { error: 'SELECT * FROM license' }), 'tells about the inside'],
    ['a library', failure(400, { error: 'QueryFailedError of TypeORM' }), 'tells about the inside'],
    ['a value without a text', failure(400, { error: 'undefined is wrong' }), 'tells about the inside'],
    ['a repeated character', failure(400, { error: '\u202e' }), 'repeats what is no plain text'],
    ['a secret', failure(400, { error: SECRET }), 'it tells a secret'],
    ['the credentials', failure(400, { error: SECRET }), 'it repeats the credentials'],
    [
      'a refusal of a connection that was HTTP',
      failure(400, {}, { 'x-request-id': undefined, connection: 'close' }),
      'refused as one that is none',
    ],
  ])('is %s', (_, answer, finding) => {
    expect(found(install, answer)).toContain(finding);
  });

  it('is a success of a caller who may not', () => {
    const nobody = { name: 'nobody', authorization: [], actions: new Set<string>() };
    expect(found(check.from(nobody), success('true'))).toBe('nobody was let in without licensing:read');
  });

  it('is a success where there is no operation', () => {
    const stray = new FuzzRequest('GET', '/api/licensing/chec', reader, [], undefined);
    expect(found(stray, success('true'))).toContain('not documented');
  });

  it('is the name of an unknown member only where it is not that', () => {
    expect(found(install, failure(400, { error: 'constructor is not a member of this request' }))).toBe('');
    expect(found(install, failure(400, { error: 'prototype is what it is' }))).toContain(
      'tells about the inside',
    );
  });
});
