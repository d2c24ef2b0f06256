import { comingEvents, type TimedEvent } from './events.js';
import { hasLicense, type LicenseState, type Tone, toneOf } from './license-state.js';
import type { Moment } from './moments.js';
import { TEXTS } from './texts.js';

const { glance: texts } = TEXTS;

/** One of the five answers: a word or a moment in large type, and what belongs to it. */
export interface GlanceAnswer {
  readonly tone: Tone | 'plain';
  /** A text, or a moment. */
  readonly main: string | Moment;
  readonly note: string;
  /** A moment that belongs to the note, with what it is. */
  readonly and?: { readonly term: string; readonly at: Moment } | undefined;
}

/** The five questions that a reader has, answered. */
export interface Glance {
  readonly licensed: GlanceAnswer;
  readonly until: GlanceAnswer;
  readonly renewal: GlanceAnswer;
  readonly next: GlanceAnswer;
  readonly why: GlanceAnswer;
}

export function glanceAt(state: LicenseState): Glance {
  return {
    licensed: licensed(state),
    until: until(state),
    renewal: renewal(state),
    next: next(state),
    why: why(state),
  };
}

function licensed({ timeline }: LicenseState): GlanceAnswer {
  const tone = toneOf(timeline);
  const { licensed: own } = texts;
  if (timeline.answer === null) return { tone, main: own.unknown, note: own.unknownWhy };
  return {
    tone,
    main: timeline.answer ? own.yes : own.no,
    note: own.asks(TEXTS.boolean[timeline.answer ? 'true' : 'false']),
  };
}

function until({ explanation, timeline, token }: LicenseState): GlanceAnswer {
  const { until: own } = texts;
  const { nextChange } = explanation;
  const isTrue = timeline.answer === true;
  if (nextChange === null) {
    if (!isTrue) {
      const main = hasLicense(explanation) ? own.untilMended : own.untilInstalled;
      return { tone: 'plain', main, note: own.notByTime };
    }
    return { tone: 'good', main: own.noEnd, note: own.noEndWhy };
  }
  const turns =
    nextChange.answer === null ? own.thenUnknown : nextChange.answer ? own.thenTrue : own.thenFalse;
  const endsLater = isTrue && token.lexp > nextChange.at;
  return {
    tone: isTrue ? toneOf(timeline) : 'plain',
    main: nextChange.at,
    note: isTrue && endsLater ? `${turns}, ${own.unlessRenewed}` : turns,
    and: endsLater ? { term: own.term2, at: token.lexp } : undefined,
  };
}

function renewal({ explanation, renewal: known }: LicenseState): GlanceAnswer {
  const { renewal: own } = texts;
  if (!hasLicense(explanation)) return { tone: 'plain', main: own.nothing, note: own.nothingWhy };
  const due = known.due === null ? undefined : { term: own.due, at: known.due };
  if (!known.automatic) return { tone: 'warn', main: own.off, note: own.offWhy, and: due };
  const next = known.nextAttempt === null ? due : { term: own.next, at: known.nextAttempt };
  if (known.underWay) return { tone: 'plain', main: own.trying, note: '', and: next };
  if (known.failures > 0) {
    return { tone: 'bad', main: own.failing(known.failures), note: known.message ?? '', and: next };
  }
  return { tone: 'good', main: own.yes, note: '', and: next };
}

function next({ timeline, renewal: known }: LicenseState): GlanceAnswer {
  const [event]: readonly (TimedEvent | undefined)[] = comingEvents(timeline, known);
  const { next: own } = texts;
  if (event === undefined) return { tone: 'plain', main: own.nothing, note: own.nothingWhy };
  return { tone: 'plain', main: event.text, note: '', and: { term: '', at: event.at } };
}

function why({ explanation }: LicenseState): GlanceAnswer {
  const { why: own } = texts;
  const { decidedBy, reason, sources } = explanation;
  const rules = decidedBy === null ? [] : (sources[0]?.rules ?? []);
  const passed = rules.filter(({ verdict }) => verdict === 'passed').length;
  const from = decidedBy === null ? own.noRules : own.from(TEXTS.sources[decidedBy.source]);
  return {
    tone: 'plain',
    main: reason,
    note: rules.length === 0 ? from : `${own.passed(passed, rules.length)}, ${from}.`,
  };
}
