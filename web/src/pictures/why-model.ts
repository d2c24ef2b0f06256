import type { Api } from '#client';
import { isShowable, localTime } from '../moments.js';
import { TEXTS } from '../texts.js';

const { steps } = TEXTS;

/** Of the rules those whose values are moments. */
const MOMENT_RULES: readonly Api.ExplainedRule['rule'][] = ['nbf', 'iat', 'lexp', 'exp', 'revocation'];

/** What to do about a license of a source. @returns undefined for the one in use */
export function stepFor({ state, code }: Pick<Api.SourceStanding, 'state' | 'code'>): string | undefined {
  if (state === 'used') return undefined;
  if (code !== null && Object.hasOwn(steps, code)) return steps[code as keyof typeof steps];
  if (state === 'stale' || state === 'waiting' || state === 'absent') return steps[state];
  return steps['license.invalid'];
}

/** A value that a rule compares, as a person reads it. @param zone - in which moments are shown */
export function valueText(
  rule: Api.ExplainedRule['rule'],
  value: Api.ExplainedRule['value'],
  zone: string | undefined,
): string {
  if (value === null) return TEXTS.none;
  if (typeof value === 'number') {
    return MOMENT_RULES.includes(rule) && isShowable(value) ? localTime(value, zone) : String(value);
  }
  return typeof value === 'string' ? value : value.join(', ');
}

/** The license whose rules are listed: the one that decides, else the first one that has rules. */
export function decidingSource({ sources, decidedBy }: Api.Explanation): Api.ExplainedSource | undefined {
  const decides = sources.find(
    ({ source, lid, jti }) => source === decidedBy?.source && lid === decidedBy.lid && jti === decidedBy.jti,
  );
  return decides ?? sources.find(({ rules }) => rules.length > 0);
}
