import { isoTime, localDay, localTime, type Moment, utcTime } from '../moments.js';
import { useZone } from '../reader.js';

export interface WhenProps {
  /** Unix seconds. */
  readonly at: Moment;
  /** The day alone. */
  readonly isDay?: boolean;
  /** Whether the keyboard stops here, to show the time in UTC. Not in long tables: a switch shows all in UTC. */
  readonly isStop?: boolean;
}

/** A moment in the reader's zone, with UTC under the pointer and on focus. */
export function When({ at, isDay = false, isStop = false }: WhenProps) {
  const zone = useZone();
  const utc = utcTime(at);
  return (
    <time class="when" dateTime={isoTime(at)} data-utc={utc} tabIndex={isStop ? 0 : undefined}>
      {isDay ? localDay(at, zone) : localTime(at, zone)}
    </time>
  );
}
