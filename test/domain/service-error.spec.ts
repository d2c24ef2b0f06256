import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ERROR_CATALOGUE, type ErrorCode, ServiceError } from '../../src/domain/service-error.js';
import { AccessDeniedError } from '../../src/domain/access-denied-error.js';
import { rejectMalformed } from '../../src/http/malformed-request.js';

const document = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

/** The cells of the rows of the table below a heading. */
function rowsBelow(heading: string): string[][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  // Without the titles and the line below them.
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codes = Object.entries(ERROR_CATALOGUE) as [ErrorCode, { status: number; message: string }][];

describe('The catalogue of errors', () => {
  it('and docs/errors.md list the same codes, statuses and sentences', () => {
    const documented = rowsBelow('Codes').map(([code, status, message]) => [code, status, message]);
    expect(documented.length).toBeGreaterThan(20);
    expect(documented).toEqual(
      codes.map(([code, { status, message }]) => [`\`${code}\``, String(status), message]),
    );
  });

  it('is explained in the document row by row: when it happens and what to do', () => {
    for (const row of rowsBelow('Codes')) {
      expect(row).toHaveLength(5);
      for (const explanation of row.slice(3)) expect(explanation).toMatch(/^[A-Z`].{10,}\.$/);
    }
  });

  it('has no code that the program never answers with', () => {
    const source = readdirSync(new URL('../../src/', import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('service-error.ts'))
      .map((path) => readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8'))
      .join('\n');
    const unused = codes.map(([code]) => code).filter((code) => !source.includes(`'${code}'`));
    expect(unused).toEqual([]);
  });

  it('is where every code comes from that is documented for what is no request yet, with what is answered then', async () => {
    const documented = rowsBelow('Before there is a request').map((cells) => cells.slice(0, 3));
    const answered = await Promise.all(
      ['HPE_INVALID_METHOD', 'ERR_HTTP_REQUEST_TIMEOUT', 'HPE_HEADER_OVERFLOW'].map(async (code) => {
        const socket = new PassThrough();
        rejectMalformed(Object.assign(new Error(), { code }), socket as unknown as Socket);
        const body = JSON.parse((await text(socket)).split('\r\n\r\n')[1] ?? '');
        return [String(body.statusCode), `\`${body.messageId}\``, body.message];
      }),
    );
    expect(documented).toEqual(answered);
    for (const [, code] of documented) expect(codes.map(([known]) => `\`${known}\``)).toContain(code);
  });

  it('has codes and statuses of one form, and sentences that fit a status line', () => {
    for (const [code, { status, message }] of codes) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?$/);
      expect([400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 502, 503, 504]).toContain(status);
      expect(message).toMatch(/^[A-Z][\x20-\x7e]{5,79}$/);
    }
  });

  it('has the codes and sentences of the contract for callers who are not let in', () => {
    const refusals = codes.filter(([, { status }]) => status === 401);
    expect(refusals.map(([code, { message }]) => [code, message])).toEqual([
      ['auth.unauthorized', 'Unauthorized'],
      ['api-key.invalid', 'Invalid API key'],
      ['api-key.expired', 'Expired API key'],
      ['api-key.revoked', 'Revoked API key'],
      ['identity.disabled', 'Unauthorized'],
      ['password-auth.failed', 'Invalid username or password'],
      // Of the page alone, which the contract does not know.
      ['session.ended', 'The session has ended: sign in again.'],
      ['session.link-invalid', 'The sign-in link was used already, or has expired.'],
    ]);
  });

  it.each(codes)('gives an error of the code %s its status and its sentence', (code, { status, message }) => {
    const error = new ServiceError(code);
    expect([error.code, error.status, error.message, error.name]).toEqual([
      code,
      status,
      message,
      'ServiceError',
    ]);
    expect([error.cause, error.detail, error.retryAfter]).toEqual([undefined, undefined, undefined]);
    expect(error).toBeInstanceOf(Error);
  });

  it('leaves the cause of an error out of what is public', () => {
    const cause = new Error('the inside');
    const error = new ServiceError('license.invalid', 'The license token is empty.', {
      cause,
      detail: 'A detail.',
      retryAfter: 7,
    });
    expect(error.cause).toBe(cause);
    expect([error.message, error.detail, error.retryAfter]).toEqual([
      'The license token is empty.',
      'A detail.',
      7,
    ]);
    expect(`${error.message} ${error.detail}`).not.toContain('inside');
  });
});

describe('A denied access', () => {
  it('is answered with three members, as the document shows them, and never with its reason', () => {
    const error = new AccessDeniedError(['licensing:read', 'licensing:write'], 'the reason');
    expect([error.name, error.message, error.reason]).toEqual([
      'AccessDeniedError',
      'Access denied',
      'the reason',
    ]);
    expect(error.body()).toEqual({
      accessErrorId: error.id,
      message:
        "You'll need additional permissions to perform this action. Permissions needed: licensing:read, licensing:write",
      title: 'Access denied',
    });
    const example = /```json\n(\{\n {2}"accessErrorId[^]*?)```/.exec(document)?.[1];
    const shown = JSON.parse(example ?? '') as { accessErrorId: string };
    expect(shown).toEqual({
      ...new AccessDeniedError(['licensing:read'], '').body(),
      accessErrorId: shown.accessErrorId,
    });
    expect(shown.accessErrorId).toMatch(/^ACE\d{10}$/);
  });

  it('has an id of ten digits, leading zeros included, and each another one', () => {
    const ids = Array.from({ length: 500 }, () => new AccessDeniedError([], '').id);
    for (const id of ids) expect(id).toMatch(/^ACE\d{10}$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.some((id) => id.startsWith('ACE0'))).toBe(true);
  });
});
