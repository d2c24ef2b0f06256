import type { Api } from '#client';
import { type Cell, type Report, type Section, time } from './report.js';

/** `TokenStatus` of docs/openapi.yaml in words. */
export const STATUSES = [
  'not loaded',
  'valid',
  'loaded',
  'invalid',
  'not found',
  'expired',
  'for another root URL',
];
const MOMENTS = ['iat', 'exp', 'nbf', 'lexp', 'trial_exp'];

const word = (status: number) => STATUSES[status] ?? String(status);
const answer = (value: boolean | null) => (value === null ? 'unknown' : String(value));

/** What a license grants, by the names of its claims. */
export function licenseRows(token: Api.Token): Cell[][] {
  return Object.entries(token).map(([name, value]) => {
    if (name === 'status') return [name, word(value as number)];
    return [name, MOMENTS.includes(name) ? time(value as number) : value];
  });
}

export function licenseReport(token: Api.Token, note?: string): Report {
  return { json: token, sections: [{ rows: licenseRows(token) }], ...(note === undefined ? {} : { note }) };
}

function standing(state: {
  at: number;
  answer: boolean | null;
  status: number;
  code: string | null;
  reason: string;
  decidedBy: Api.DecidedBy;
}): Cell[][] {
  const { decidedBy } = state;
  return [
    ['at', time(state.at)],
    ['answer', answer(state.answer)],
    ['status', word(state.status)],
    ['code', state.code],
    ['reason', state.reason],
    [
      'decided by',
      decidedBy === null ? null : `${decidedBy.source}, license ${decidedBy.lid}, token ${decidedBy.jti}`,
    ],
  ];
}

export function explanationReport(explanation: Api.Explanation): Report {
  const { warnings, renewalDue, sources, nextChange } = explanation;
  return {
    json: explanation,
    sections: [
      {
        name: 'check',
        rows: [
          ...standing(explanation),
          ['warnings', warnings.length === 0 ? null : warnings],
          ['renewal due', renewalDue],
        ],
      },
      {
        name: 'source',
        head: ['source', 'state', 'license', 'token expires', 'license expires', 'reason'],
        rows: sources.map(({ source, state, lid, exp, lexp, reason }) => [
          ...[source, state, lid, time(exp), time(lexp), reason],
        ]),
      },
      {
        name: 'rule',
        head: ['source', 'rule', 'verdict', 'why'],
        rows: sources.flatMap(({ source, rules }) =>
          rules.map(({ rule, verdict, sentence }) => [source, rule, verdict, sentence]),
        ),
      },
      { name: 'next change', rows: nextChange === null ? [] : standing(nextChange) },
    ],
  };
}

export function timelineReport(timeline: Api.Timeline): Report {
  const row = (state: Api.Timeline | Api.Transition, changes: readonly string[]): Cell[] => [
    time(state.at),
    answer(state.answer),
    word(state.status),
    state.warnings.length === 0 ? null : state.warnings,
    changes.length === 0 ? 'now' : changes,
    state.reason,
  ];
  return {
    json: timeline,
    sections: [
      {
        head: ['at', 'answer', 'status', 'warnings', 'changes', 'reason'],
        rows: [row(timeline, []), ...timeline.transitions.map((state) => row(state, state.changes))],
      },
    ],
  };
}

export function inspectionReport(inspection: Api.Inspection): Report {
  const { accepted, outcome, code, message, requiresAcknowledge, license, kid, alg, changes } = inspection;
  const sections: Section[] = [
    {
      name: 'upload',
      rows: [
        ['accepted', accepted],
        ['outcome', outcome],
        ['code', code],
        ['message', message],
        ['needs --acknowledge', requiresAcknowledge],
        ['signed by', kid === null ? null : `${kid} (${alg})`],
      ],
    },
    {
      name: 'change',
      head: ['claim', 'before', 'after', 'takes away'],
      rows: changes.map(({ member, before, after, takesAway }) => [member, before, after, takesAway]),
    },
    { name: 'license', rows: license === null ? [] : licenseRows(license) },
  ];
  return { json: inspection, sections, exitCode: accepted ? 0 : 1 };
}

export function historyReport(history: Api.History): Report {
  const token = (name: string, identity: Api.TokenIdentity | null): Cell[] => [
    name,
    ...(identity === null
      ? [null, null, null, null, null]
      : [identity.lid, identity.jti, time(identity.iat), time(identity.exp), time(identity.lexp)]),
  ];
  return {
    json: history,
    sections: [
      {
        name: 'token',
        head: ['which', 'license', 'token', 'signed', 'token expires', 'license expires'],
        rows: [
          token('current', history.current),
          token('previous', history.previous),
          token('queued', history.queued),
        ],
      },
      {
        name: 'change',
        head: ['at', 'change', 'by', 'license', 'token', 'reason', 'request'],
        rows: history.changes.map(({ at, change, actor, lid, jti, reason, requestId }) => [
          ...[time(at), change, actor, lid, jti, reason, requestId],
        ]),
      },
    ],
  };
}
