import type { Api } from '#client';
import type { LicenseState, Tone } from '../license-state.js';
import type { Moment } from '../moments.js';
import { TEXTS } from '../texts.js';
import { lastMoment } from './timeline-model.js';

const { renewal: texts } = TEXTS;

/** What happens if the issuer stays away: a sentence, and the moment that it ends with. */
export interface Prospect {
  readonly tone: Tone;
  readonly text: string;
  readonly at?: Moment | undefined;
}

export function prospectOf(timeline: Api.Timeline): Prospect {
  if (timeline.answer === null) return { tone: 'unknown', text: texts.prospect.unknown };
  if (!timeline.answer) {
    const back = timeline.transitions.find(({ answer }) => answer === true)?.at;
    return back === undefined
      ? { tone: 'bad', text: texts.prospect.isFalse }
      : { tone: 'warn', text: texts.prospect.turnsTrue, at: back };
  }
  const last = lastMoment(timeline);
  return last === undefined
    ? { tone: 'good', text: texts.prospect.stays }
    : { tone: timeline.warnings.length > 0 ? 'warn' : 'good', text: texts.prospect.turnsFalse, at: last };
}

/** What an attempt came to, as it is drawn. */
export function toneOfOutcome(outcome: string | null): Tone {
  if (outcome === null) return 'unknown';
  if (outcome === 'renewed' || outcome === 'unchanged') return 'good';
  return outcome === 'not-due' ? 'warn' : 'bad';
}

/** An outcome in words. An error keeps its code, which the documents explain. */
export function outcomeWord(outcome: string | null): string {
  if (outcome === null) return texts.outcomes.none;
  return Object.hasOwn(texts.outcomes, outcome)
    ? texts.outcomes[outcome as keyof typeof texts.outcomes]
    : outcome;
}

/** An attempt in a word: what it came to, and its cause. */
export function attemptWord({ outcome, cause }: Pick<Api.RenewalAttempt, 'outcome' | 'cause'>): string {
  if (outcome === null) return texts.outcomes.open;
  return cause === null ? outcomeWord(outcome) : `${outcomeWord(outcome)} (${cause})`;
}

/** A line of the table. */
export interface RenewalFact {
  readonly name: string;
  readonly value: string | Moment | null;
}

export function renewalFacts({
  renewal,
  timeline,
}: Pick<LicenseState, 'renewal' | 'timeline'>): RenewalFact[] {
  const { facts } = texts;
  return [
    { name: facts.automatic, value: renewal.automatic ? texts.yes : texts.no },
    { name: facts.lastAttempt, value: renewal.lastAttempt },
    { name: facts.lastSuccess, value: renewal.lastSuccess },
    { name: facts.outcome, value: outcomeWord(renewal.outcome) },
    { name: facts.cause, value: renewal.cause === null ? null : texts.causes[renewal.cause] },
    { name: facts.message, value: renewal.message },
    { name: facts.failures, value: String(renewal.failures) },
    { name: facts.due, value: renewal.due },
    { name: facts.next, value: renewal.automatic ? renewal.nextAttempt : null },
    { name: facts.notBefore, value: renewal.notBefore },
    { name: facts.turnsFalse, value: lastMoment(timeline) ?? null },
  ];
}
