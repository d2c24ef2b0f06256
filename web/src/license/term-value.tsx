import type { Api } from '#client';
import { When } from '../components/when.js';
import { localTime } from '../moments.js';
import { useZone } from '../reader.js';
import { termMoment, termText } from './terms.js';

export interface TermValueProps {
  /** The claim. */
  readonly member: string;
  readonly value: Api.TermValue;
  /** What it is compared with: two moments of one minute are shown to the second. */
  readonly other?: Api.TermValue;
}

/** What a license says in one term. */
export function TermValue({ member, value, other = null }: TermValueProps) {
  const zone = useZone();
  const at = termMoment(member, value);
  const against = termMoment(member, other);
  if (at === undefined || (against !== undefined && localTime(at, zone) === localTime(against, zone))) {
    return <>{termText(member, value)}</>;
  }
  return <When at={at} />;
}
