import type { Api, Client } from '#client';
import type { Moment } from './moments.js';
import type { Read } from './polling.js';

/** All that the service says of its license, read at one moment. */
export interface LicenseState {
  readonly explanation: Api.Explanation;
  readonly timeline: Api.Timeline;
  readonly token: Api.Token;
  readonly renewal: Api.Renewal;
  /** Newest first. Empty while the database is away: the rest comes from memory. */
  readonly attempts: readonly Api.RenewalAttempt[];
}

export async function readLicenseState(api: Client): Promise<Read<LicenseState>> {
  const [explanation, timeline, token, renewal, attempts] = await Promise.all([
    api.GET('/api/licensing/check/explain'),
    api.GET('/api/licensing/timeline'),
    api.GET('/api/licensing/token'),
    api.GET('/api/licensing/renewal'),
    api.GET('/api/licensing/renewal/attempts'),
  ]);
  if (!explanation.ok) return explanation;
  if (!timeline.ok) return timeline;
  if (!token.ok) return token;
  if (!renewal.ok) return renewal;
  return {
    ok: true,
    value: {
      explanation: explanation.value,
      timeline: timeline.value,
      token: token.value,
      renewal: renewal.value,
      attempts: attempts.ok ? attempts.value.attempts : [],
    },
  };
}

/** What is answered at a moment: now, or from a change on. */
export type Answer = Api.Timeline | Api.Transition;

/** The answer at a moment that is not before that of the timeline. */
export function answerAt(timeline: Api.Timeline, at: Moment): Answer {
  return timeline.transitions.findLast((transition) => transition.at <= at) ?? timeline;
}

/** How an answer is drawn: by what the check says, and whether it comes with a warning. */
export type Tone = 'good' | 'warn' | 'bad' | 'unknown';

export function toneOf({ answer, warnings }: Pick<Answer, 'answer' | 'warnings'>): Tone {
  if (answer === null) return 'unknown';
  if (!answer) return 'bad';
  return warnings.length > 0 ? 'warn' : 'good';
}

/** Whether a license of any source can be read at all. */
export function hasLicense({ sources }: Api.Explanation): boolean {
  return sources.some(({ lid }) => lid !== null);
}
