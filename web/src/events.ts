import type { Api } from '#client';
import { answerAt } from './license-state.js';
import type { Moment } from './moments.js';
import { TEXTS } from './texts.js';

const { events: texts } = TEXTS;

/** Something that time brings, in words. */
export interface TimedEvent {
  readonly at: Moment;
  readonly text: string;
}

/** What changes at a transition, the most important first. */
export function sentencesOf(transition: Api.Transition, before: Api.Timeline | Api.Transition): string[] {
  const { changes, answer, warnings, decidedBy, renewalDue } = transition;
  const has = (change: (typeof changes)[number]) => changes.includes(change);
  const isNew = (warning: (typeof warnings)[number]) =>
    warnings.includes(warning) && !before.warnings.includes(warning);
  const sentences: string[] = [];
  if (has('answer')) {
    sentences.push(answer === null ? texts.turnsUnknown : answer ? texts.turnsTrue : texts.turnsFalse);
  }
  const isOther =
    decidedBy !== null &&
    (decidedBy.lid !== before.decidedBy?.lid || decidedBy.source !== before.decidedBy?.source);
  // Of licenses that are not valid, it says nothing which one decides.
  if (isOther && answer === true) sentences.push(texts.takesOver(TEXTS.sourceNames[decidedBy.source]));
  if (isNew('token-ends-soon')) sentences.push(texts.tokenWarning);
  if (isNew('license-ends-soon')) sentences.push(texts.licenseWarning);
  if (renewalDue && !before.renewalDue) sentences.push(texts.renewalDue);
  if (sentences.length > 0) return sentences;
  if (has('warnings')) return [texts.warningOver];
  return [has('reason') ? texts.otherReason : texts.sourceChanges];
}

/** What is worth telling of what comes: the renewal, and all transitions but those of licenses that are not in use. */
export function comingEvents(timeline: Api.Timeline, renewal: Api.Renewal): TimedEvent[] {
  const events = timeline.transitions
    .filter(({ changes }) => changes.some((change) => change !== 'sources' && change !== 'reason'))
    .map((transition) => {
      const [text = ''] = sentencesOf(transition, answerAt(timeline, transition.at - 1));
      return { at: transition.at, text };
    });
  const { automatic, nextAttempt } = renewal;
  if (automatic && nextAttempt !== null) {
    events.push({ at: Math.max(nextAttempt, timeline.at), text: texts.nextAttempt });
  }
  return events.sort((a, b) => a.at - b.at);
}
