import { furthestBehind, violations } from './checker.js';
import type { AuditRecord, Call, History } from './history.js';
import { MAX_BEHIND_MS } from './timeline.js';

/** Unix milliseconds. */
const T = 1_800_000_000_000;
const SECOND = T / 1000;

const call = (kind: Call['kind'], at: number, more: Partial<Call> = {}): Call => ({
  ...{ kind, replica: 'replica 1', start: T + at, end: T + at + 50, id: `${kind}-${at}`, status: 200 },
  ...more,
});
const record = (
  action: AuditRecord['action'],
  at: number,
  requestId: string,
  more: Partial<AuditRecord> = {},
) => ({
  ...{ at: T + at, action, lid: 'one', requestId },
  ...more,
});
const token = (jti: string, age: number) => ({ jti, iat: SECOND + age, exp: SECOND + age + 60 });

/** Installed at 0, renewed at 10 s, removed at 20 s, installed again at 30 s: all is well. */
const sound: History = {
  calls: [
    call('check', -1_000, { valid: false }),
    call('install', 0, { jti: 'a' }),
    call('check', 1_000, { valid: true }),
    call('renew', 10_000, { jti: 'b' }),
    call('read', 11_000, { jti: 'b' }),
    call('remove', 20_000, { status: 202 }),
    call('read', 21_000, { jti: null }),
    call('check', 26_000, { valid: false }),
    call('renew', 27_000, { status: 404 }),
    call('install', 30_000, { jti: 'c' }),
    call('read', 31_000, { jti: 'c' }),
    call('check', 36_000, { valid: true }),
  ],
  audit: [
    record('license.install', 20, 'install-0', token('a', 0)),
    record('license.renew', 10_020, 'renew-10000', { ...token('b', 10), attemptId: 'x' }),
    record('license.remove', 20_020, 'remove-20000'),
    record('license.install', 30_020, 'install-30000', token('c', 30)),
  ],
  issuer: [
    { event: 'request', attempt: 'x', lid: 'one', jti: 'a' },
    { event: 'issued', attempt: 'x', lid: 'one', jti: 'b' },
  ],
  before: { generation: 1, revision: 1, jti: null, queued: false },
  after: { generation: 2, revision: 5, jti: 'c', queued: false },
  attempts: [{ id: 'x', generation: 1, lid: 'one', jti: 'a', calls: 1, over: true }],
  lastWords: [{ replica: 'replica 1', renewed: 200, check: true, jti: 'c' }],
  deaths: [],
};

/** The sound history with some of its calls replaced, by kind and time, and others added. */
function withCalls(...changed: Call[]): History {
  const ids = new Set(changed.map(({ id }) => id));
  return { ...sound, calls: [...sound.calls.filter(({ id }) => !ids.has(id)), ...changed] };
}

/** The sound history, after which a license waits from 40 s on and takes over at 45 s; its row follows at 45.6 s. */
function withNextTerm(
  change: (records: AuditRecord[]) => AuditRecord[] = (all) => all,
  ...calls: Call[]
): History {
  const more = { lid: 'two', ...token('n', 40), nbf: SECOND + 45 };
  const audit = [
    ...sound.audit,
    record('license.queue', 40_020, 'queue-40000', more),
    record('license.promote', 45_600, '', more),
  ];
  return {
    ...withCalls(
      call('queue', 40_000),
      call('read', 44_000, { jti: 'c' }),
      call('read', 44_980, { jti: 'n' }),
      call('read', 45_100, { jti: 'n' }),
      call('read', 46_000, { jti: 'n' }),
      ...calls,
    ),
    audit: change(audit),
    after: { ...sound.after, revision: 7, jti: 'n' },
    lastWords: [{ ...sound.lastWords[0]!, jti: 'n' }],
  };
}

/** The sound history, after which a license waits from 40 s on and is removed together with the stored one at 47 s. */
function takenBack(end?: Partial<AuditRecord>, nbf = SECOND + 50): History {
  const id = 'remove-47000';
  const gone = record('license.dequeue', 47_020, id, { lid: 'two', jti: 'n' });
  const audit = withNextTerm((all) => all.slice(0, -1)).audit.map((one) => (one.nbf ? { ...one, nbf } : one));
  return {
    ...withCalls(call('queue', 40_000), call('remove', 47_000, { status: 202 })),
    audit: [...audit, { ...gone, ...end }, record('license.remove', 47_020, id)],
    after: { generation: 3, revision: 7, jti: null, queued: false },
    lastWords: [{ ...sound.lastWords[0]!, jti: null }],
  };
}

function withAudit(change: (records: AuditRecord[]) => AuditRecord[], more: Partial<History> = {}): History {
  return { ...sound, audit: change([...sound.audit]), ...more };
}

describe('the checker of storms', () => {
  it('has nothing to say of a history in which all is well', () => {
    expect(violations(sound)).toEqual([]);
  });

  it.each<[string, History]>([
    ['whose answer never came, done or not', withCalls(call('install', 0, { status: undefined }))],
    ['whose database was cut off, done or not', withCalls(call('remove', 20_000, { status: 503 }))],
    ['that were shared by others', withCalls(call('renew', 10_010, { jti: 'b', replica: 'replica 2' }))],
    ['that a replica hears of late', withCalls(call('check', 20_500, { valid: true, replica: 'replica 2' }))],
    [
      'in whose middle a check falls',
      withCalls(call('check', 20_010, { valid: false, replica: 'replica 2' })),
    ],
    [
      'after answers of the issuer that could not be used',
      {
        ...sound,
        issuer: [
          { event: 'request', attempt: 'w', lid: 'one', jti: 'a' },
          { event: 'issued', attempt: 'w', lid: 'one', jti: 'never stored' },
          ...sound.issuer,
        ],
        attempts: [{ ...sound.attempts[0]!, id: 'w' }, ...sound.attempts],
      },
    ],
    ['that removed what was gone', withCalls(call('remove', 26_500, { status: 202 }))],
    ['of the term', withNextTerm()],
    [
      'of the term whose upload was quicker than the answer to it',
      withNextTerm((all) => all, call('queue', 40_000, { status: undefined })),
    ],
    ['of the term that are taken back before their time', takenBack()],
  ])('allows changes %s', (_, history) => {
    expect(violations(history)).toEqual([]);
  });

  it.each<[string, RegExp, History]>([
    [
      'an upload that was acknowledged and is nowhere',
      /^lost: the install of d/,
      withCalls(call('install', 15_000, { jti: 'd' })),
    ],
    [
      'a removal that was acknowledged and is nowhere',
      /^lost: a removal/,
      withCalls(call('remove', 15_000, { status: 202 })),
    ],
    [
      'a change that was refused and done',
      /^a remove was refused with 422, and done/,
      withCalls(call('remove', 20_000, { status: 422 })),
    ],
    ['an answer that no fault excuses', /answered 500/, withCalls(call('renew', 27_000, { status: 500 }))],
    [
      'a row that is not what was recorded last',
      /^lost: the last record says c, the row b/,
      { ...sound, after: { ...sound.after, jti: 'b' }, lastWords: [{ ...sound.lastWords[0]!, jti: 'b' }] },
    ],
    [
      'a removal that raised no generation',
      /^the generation/,
      { ...sound, after: { ...sound.after, generation: 1 } },
    ],
    ['a change without a record', /^the revision/, { ...sound, after: { ...sound.after, revision: 6 } }],
    [
      'a request that was done twice',
      /^doubled: one request made 2 changes/,
      withAudit((all) => [...all, record('license.install', 30_030, 'install-30000', token('c', 30))], {
        after: { ...sound.after, revision: 6 },
      }),
    ],
    [
      'a renewal that was stored twice',
      /^doubled: 2 renewals of one jti/,
      withAudit(
        (all) => {
          const twice = record('license.renew', 10_030, 'other', { ...token('b', 10), attemptId: 'x' });
          return [...all.slice(0, 2), twice, ...all.slice(2)];
        },
        { after: { ...sound.after, revision: 6 } },
      ),
    ],
    [
      'two tokens for one attempt',
      /^doubled: the issuer gave 2 tokens for one attempt/,
      { ...sound, issuer: [...sound.issuer, { event: 'issued', attempt: 'x', lid: 'one', jti: 'e' }] },
    ],
    [
      'a token in the place of one that was renewed already',
      /^doubled: 1 tokens were issued in the place of one that was renewed/,
      {
        ...sound,
        issuer: [...sound.issuer, { event: 'issued', attempt: 'y', lid: 'one', jti: 'e' }],
        attempts: [...sound.attempts, { ...sound.attempts[0]!, id: 'y' }],
      },
    ],
    [
      'a call to the issuer that no attempt knows of',
      /^doubled: the issuer was asked 2 times in 1 calls/,
      { ...sound, issuer: [...sound.issuer, sound.issuer[0]!] },
    ],
    [
      'an older token over a newer one',
      /^went back: b took the place of a/,
      withAudit((all) => all.map((one) => (one.jti === 'b' ? { ...one, iat: SECOND - 5 } : one))),
    ],
    [
      'a license that came back by a renewal',
      /^came back: e/,
      withAudit(
        (all) => [
          ...all,
          record('license.remove', 40_000, 'r'),
          record('license.renew', 41_000, 's', token('e', 41)),
        ],
        {
          after: { ...sound.after, generation: 3, revision: 7, jti: 'e' },
          lastWords: [{ ...sound.lastWords[0]!, jti: 'e' }],
        },
      ),
    ],
    [
      'a renewed token that the issuer never gave',
      /^a renewal stored b, which the issuer did not give/,
      { ...sound, issuer: sound.issuer.slice(0, 1) },
    ],
    [
      'a check that takes a valid license away',
      /^untrue: replica 1 said false/,
      withCalls(call('check', 9_000, { valid: false })),
    ],
    [
      'a check that grants without a license',
      /^untrue: replica 1 said true/,
      withCalls(call('check', 20_020 + MAX_BEHIND_MS + 1_000, { valid: true })),
    ],
    [
      'a check that grants what has expired',
      /^untrue: replica 1 said true/,
      withCalls(call('check', 30_000 + 61_000, { valid: true })),
    ],
    [
      'a token that was never held',
      /showed z at .* when it was not held/,
      withCalls(call('read', 12_000, { jti: 'z' })),
    ],
    [
      'a change that is not shown where it was acknowledged',
      /^read back: replica 1 showed a at .* after b/,
      withCalls(call('read', 10_500, { jti: 'a' })),
    ],
    [
      'a replica that shows the old after the new',
      /^read back: replica 2 showed a at .* after b/,
      withCalls(
        call('read', 10_400, { jti: 'b', replica: 'replica 2' }),
        call('read', 10_500, { jti: 'a', replica: 'replica 2' }),
      ),
    ],
    [
      'a renewal that does not work any more',
      /^stuck: the last renewal on replica 1 was answered 503/,
      { ...sound, lastWords: [{ ...sound.lastWords[0]!, renewed: 503 }] },
    ],
    [
      'a check that stays false',
      /^stuck: the last check/,
      { ...sound, lastWords: [{ ...sound.lastWords[0]!, check: false }] },
    ],
    [
      'a replica that stays behind',
      /^stuck: replica 1 shows b and not c/,
      { ...sound, lastWords: [{ ...sound.lastWords[0]!, jti: 'b' }] },
    ],
    ['replicas that never came back', /^nobody/, { ...sound, lastWords: [] }],
    [
      'a license of the next term that was acknowledged and is nowhere',
      /^lost: the queue of queue-15000/,
      withCalls(call('queue', 15_000)),
    ],
    [
      'a license of the next term that is shown before its time',
      /showed n at .* when it was not held/,
      withNextTerm((all) => all, call('read', 43_000, { jti: 'n', replica: 'replica 2' })),
    ],
    [
      'a license of the next term that is not shown in its second',
      /showed c at .* when it was not held/,
      withNextTerm((all) => all.slice(0, -1), call('read', 45_500, { jti: 'c', replica: 'replica 2' })),
    ],
    [
      'a license of the next term that is gone',
      /^lost: a license of the next term is gone/,
      { ...withNextTerm((all) => all.slice(0, -1)), after: { ...sound.after, revision: 6 } },
    ],
    [
      'a license in the place of one that waited',
      /^z was put in its place, and had not waited/,
      withNextTerm((all) =>
        all.map((one) => (one.action === 'license.promote' ? { ...one, jti: 'z' } : one)),
      ),
    ],
    [
      'a license that leaves the queue by a removal without a record',
      /^n left the queue by license.remove without a record/,
      { ...takenBack(), audit: takenBack().audit.filter(({ action }) => action !== 'license.dequeue') },
    ],
    [
      'a license that leaves the queue by another one without a record',
      /^n left the queue by license.queue without a record/,
      withNextTerm((all) => [...all.slice(0, -1), { ...all.at(-2)!, jti: 'm' }]),
    ],
    [
      'the end of the wait of a license that did not wait',
      /^z left the queue, and had not waited/,
      takenBack({ jti: 'z' }),
    ],
    [
      'a stored license that is shown between the end of a wait and the change that ended it',
      /showed c at .* when it was not held/,
      {
        ...takenBack({}, SECOND + 41),
        calls: [...takenBack().calls, call('read', 47_030, { jti: 'c', replica: 'replica 2' })],
      },
    ],
    [
      'the end of a wait that nothing ended',
      /^n left the queue, and had not waited or nothing ended that/,
      takenBack({ requestId: 'other' }),
    ],
    [
      'a license of the next term that goes on waiting',
      /^stuck: a license of the next term still waits/,
      {
        ...withNextTerm((all) => all.slice(0, -1)),
        after: { ...sound.after, revision: 6, queued: true },
      },
    ],
    [
      'an attempt that stays open',
      /^stuck: 1 attempts/,
      { ...sound, attempts: [...sound.attempts, { ...sound.attempts[0]!, id: 'y', jti: 'c', over: false }] },
    ],
    [
      'a process that ended by itself',
      /^a process ended by itself: replica 2/,
      { ...sound, deaths: ['replica 2, 1'] },
    ],
  ])('finds %s', (_, sentence, history) => {
    expect(violations(history)).toContainEqual(expect.stringMatching(sentence));
  });

  it('tells how far behind a replica was', () => {
    expect(furthestBehind(sound)).toBe(0);
    expect(furthestBehind(withCalls(call('read', 10_520, { jti: 'a', replica: 'replica 2' })))).toBe(500);
  });
});
