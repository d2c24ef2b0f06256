import { faults, PAUSED, REFUSED, type Row, UNUSABLE } from './fault.js';

const REFUSALS = [400, 401, 402, 403, 404, 405, 406, 407, 408, 411, 412, 413, 414, 415, 417, 418, 421, 422];
const MORE_REFUSALS = [424, 425, 426, 428, 431, 451, 499];
const ODD = [201, 202, 203, 204, 205, 206, 207, 226, 300, 304, 305, 306, 500, 501, 502, 504, 505, 507];
const MORE_ODD = [508, 510, 511, 520, 521, 522, 530, 599, 600, 999];
const REDIRECTS = [301, 302, 303, 307, 308];

/** Statuses that take nothing away, with any body. */
export const answers = [
  ...faults('refusals', REFUSED, [
    ...[...REFUSALS, ...MORE_REFUSALS].map((status): Row => [`refuses with a bare ${status}`, { status }]),
    [
      'says that the license is suspended',
      { status: 403, body: { code: 'license_suspended', message: 'Suspended' } },
    ],
    ['says that it does not know the license', { status: 404, body: { code: 'license_unknown' } }],
    ['refuses with markup for a reason', { status: 403, body: { message: '<script>alert(1)</script>' } }],
    ['refuses with a page', { status: 403, body: '<html>Forbidden</html>' }],
    ['refuses with a reason of 10,000 letters', { status: 403, body: { message: 'a'.repeat(10_000) } }],
    ['refuses with its answer to a rehearsal', { status: 422, body: { code: 'dry_run_unsupported' } }],
  ]),
  ...faults(
    'pauses',
    PAUSED,
    [429, 503].flatMap((status) =>
      [undefined, '0', '1', '-5', '1e9', '0x10', 'soon', ', ', 'Thu, 01 Jan 1970 00:00:00 GMT'].map(
        (wait): Row => [
          `asks with ${status} for a pause ${wait === undefined ? 'without a time' : `of ${JSON.stringify(wait)}`}`,
          { status, ...(wait === undefined ? {} : { headers: { 'Retry-After': wait } }) },
        ],
      ),
    ),
  ),
  ...faults(
    'pauses',
    PAUSED,
    ['3600', '999999999999', 'Fri, 31 Dec 9999 23:59:59 GMT'].map((wait): Row => [
      `asks for a pause of ${JSON.stringify(wait)}`,
      { status: 503, headers: { 'Retry-After': wait } },
    ]),
    { never: 'at random' },
  ),
  ...faults('statuses', UNUSABLE, [
    ...[...ODD, ...MORE_ODD].map((status): Row => [
      `answers ${status}`,
      ({ sign, next }) => ({ status, body: { token: sign(next) } }),
    ]),
    ['says 409 without a body', { status: 409 }],
    ['says 409 without a code', { status: 409, body: {} }],
    ['says 409 with a code of its own', { status: 409, body: { code: 'conflict' } }],
    ['says 409 with a code that is no text', { status: 409, body: { code: ['not_due'] } }],
    ['says 409 with a page', { status: 409, body: '<html>not_due</html>' }],
  ]),
  ...faults('redirects', UNUSABLE, [
    ...REDIRECTS.map((status): Row => [
      `redirects with ${status}`,
      ({ url, sign, next }) => ({
        status,
        headers: { Location: `${url}/elsewhere` },
        body: { token: sign(next) },
      }),
    ]),
    ['redirects to itself', { status: 307, headers: { Location: '/v1/licenses/renew' } }],
    [
      'redirects to a metadata service',
      { status: 302, headers: { Location: 'http://169.254.169.254/latest' } },
    ],
    ['redirects to a file', { status: 302, headers: { Location: 'file:///etc/passwd' } }],
    ['redirects nowhere', { status: 302 }],
    ['asks to refresh to another place', { status: 200, headers: { Refresh: '0; url=/elsewhere' } }],
  ]),
];
