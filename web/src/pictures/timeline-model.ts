import type { Api } from '#client';
import { sentencesOf } from '../events.js';
import { type Answer, answerAt, type LicenseState, type Tone, toneOf } from '../license-state.js';
import { DAY, type Moment } from '../moments.js';
import { TEXTS } from '../texts.js';
import type { Scale } from './time-scale.js';

const { timeline: texts } = TEXTS;

/** What the reader looks at: the life of the present token, or all terms. */
export type Zoom = 'token' | 'term';

/** So much of the picture shows what comes after the last thing that is drawn. */
const TAIL = 0.06;
/** The least that is drawn, seconds. */
const MIN_RANGE = 3_600;
/** No term is drawn beyond this, seconds from now: some licenses have no end. */
const MAX_AHEAD = 30 * 365 * DAY;

/** A part of time with one answer of the check. */
export interface Band {
  readonly from: Moment;
  readonly to: Moment;
  readonly tone: Tone;
}

/** From now to the right end. Nothing is known of what was answered before. */
export function bandsOf(timeline: Api.Timeline, { to }: Scale): Band[] {
  const answers: Answer[] = [timeline, ...timeline.transitions];
  const bands: Band[] = [];
  answers.forEach((answer, index) => {
    const from = answer.at;
    const end = Math.min(to, answers[index + 1]?.at ?? to);
    if (end <= from) return;
    const tone = toneOf(answer);
    const last = bands.at(-1);
    if (last?.tone === tone) bands[bands.length - 1] = { ...last, to: end };
    else bands.push({ from, to: end, tone });
  });
  return bands;
}

/** The license of a source: the life of its token within its term. */
export interface Lane {
  readonly source: Api.LicenseSource;
  readonly state: Api.SourceState;
  readonly term: Scale;
  readonly token: Scale;
  /** Where it is warned of the end of the term, and of the token. Known of the active license alone. */
  readonly warnings: readonly Scale[];
}

export function lanesOf({ explanation, token }: Pick<LicenseState, 'explanation' | 'token'>): Lane[] {
  return explanation.sources.flatMap((source) => {
    const { iat, exp, nbf, lexp, jti, lid, state } = source;
    if (iat === null || exp === null || lexp === null) return [];
    const isToken = state === 'used' && jti === token.jti && lid === token.lid;
    const warnings = isToken
      ? [
          { from: exp - token.tok_exp_warn_days * DAY, to: exp },
          { from: lexp - token.lic_exp_warn_days * DAY, to: lexp },
        ].filter(({ from, to }) => to > from)
      : [];
    return [
      {
        source: source.source,
        state,
        term: { from: nbf ?? iat, to: lexp },
        token: { from: iat, to: exp },
        warnings,
      },
    ];
  });
}

export type MarkKind = 'now' | 'due' | 'attempt' | 'last';

/** A moment that the picture names. */
export interface Mark {
  readonly kind: MarkKind;
  readonly at: Moment;
}

/** The moment from which the check is no longer true: a renewal must be stored before. @returns undefined for never */
export function lastMoment(timeline: Api.Timeline): Moment | undefined {
  if (timeline.answer !== true) return undefined;
  return timeline.transitions.find(({ answer }) => answer !== true)?.at;
}

export function marksOf({ timeline, renewal }: Pick<LicenseState, 'timeline' | 'renewal'>): Mark[] {
  const last = lastMoment(timeline);
  const { due, nextAttempt, automatic } = renewal;
  const marks: Mark[] = [{ kind: 'now', at: timeline.at }];
  if (automatic && nextAttempt !== null) {
    marks.push({ kind: 'attempt', at: Math.max(nextAttempt, timeline.at) });
  }
  if (due !== null) marks.push({ kind: 'due', at: due });
  if (last !== undefined) marks.push({ kind: 'last', at: last });
  return marks.sort((a, b) => a.at - b.at);
}

/** What is drawn from left to right. */
export function scaleOf(state: LicenseState, zoom: Zoom): Scale {
  const now = state.timeline.at;
  const most = now + MAX_AHEAD;
  const lanes = lanesOf(state);
  const drawn = zoom === 'token' ? lanes.filter(({ state: standing }) => standing === 'used') : lanes;
  const ends = zoom === 'term' ? drawn.map(({ term }) => term) : drawn.map(({ token }) => token);
  const marks = marksOf(state).filter(({ kind, at }) => zoom === 'token' && kind !== 'now' && at > now);
  const from = Math.min(now, ...ends.map((end) => end.from));
  const to = Math.min(
    most,
    Math.max(now + MIN_RANGE, ...ends.map((end) => end.to), ...marks.map(({ at }) => at)),
  );
  return { from, to: Math.round(to + (to - from) * TAIL) };
}

/** A line of the table, and a stop of the keyboard. */
export interface TimelineFact {
  readonly at: Moment;
  readonly what: readonly string[];
  readonly answer: Api.CheckAnswer;
  readonly reason: string;
}

/** Everything that the picture shows, in the order of time. */
export function factsOf(state: LicenseState): TimelineFact[] {
  const { timeline } = state;
  const changes = timeline.transitions.flatMap((transition) =>
    sentencesOf(transition, answerAt(timeline, transition.at - 1)).map((what) => ({
      at: transition.at,
      what,
    })),
  );
  const events = [
    ...changes,
    // That the renewal is due is a transition too.
    ...marksOf(state)
      .filter(
        ({ kind, at }) =>
          kind !== 'due' ||
          !changes.some((change) => change.at === at && change.what === TEXTS.events.renewalDue),
      )
      .map(({ kind, at }) => ({ at, what: texts[kind] })),
    ...lanesOf(state).flatMap(({ source, term, token }) => [
      { at: term.from, what: texts.termBegins(TEXTS.sourceNames[source]) },
      { at: token.to, what: texts.tokenEnds(TEXTS.sourceNames[source]) },
      { at: term.to, what: texts.termEnds(TEXTS.sourceNames[source]) },
    ]),
  ];
  const coming = events.filter(({ at }) => at >= timeline.at);
  const moments = [...new Set(coming.map(({ at }) => at))].sort((a, b) => a - b);
  return moments.map((at) => {
    const { answer, reason } = answerAt(timeline, at);
    const what = coming.filter((event) => event.at === at).map((event) => event.what);
    return { at, what: [...new Set(what)], answer, reason };
  });
}

export function answerWord(answer: Api.CheckAnswer): string {
  if (answer === null) return TEXTS.boolean.unknown;
  return TEXTS.boolean[answer ? 'true' : 'false'];
}

/** What will be answered at a moment, and why. @param when - the moment, as the reader sees it */
export function readoutAt(timeline: Api.Timeline, at: Moment, when: string): readonly string[] {
  const { answer, reason, warnings, renewalDue, decidedBy } = answerAt(timeline, at);
  return [
    texts.readout(when, answerWord(answer)),
    reason,
    ...(decidedBy === null ? [] : [texts.decides(TEXTS.sources[decidedBy.source], decidedBy.lid)]),
    ...warnings.map((warning) => texts.warnings[warning]),
    ...(renewalDue && answer === true ? [texts.isDue] : []),
  ];
}
