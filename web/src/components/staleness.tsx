import type { Polled } from '../polling.js';
import { useClock } from '../polling.js';
import { spanOf } from '../moments.js';
import { TEXTS } from '../texts.js';
import { FailureNote } from './failure-note.js';

const { stale: texts } = TEXTS;

/** Says that the last read failed, and how old what is shown is. Nothing while reads succeed. */
export function Staleness({ polled }: { readonly polled: Polled<unknown> }) {
  const now = useClock(1_000);
  const { failure, readAt } = polled;
  if (failure === undefined) return null;
  return (
    <div class="stale">
      <p>
        <strong role="status">{texts.notAnswering}</strong>{' '}
        {readAt !== undefined && texts.age(spanOf(Math.max(0, Math.floor(now - readAt))))} {texts.retrying}
      </p>
      <FailureNote failure={failure} />
    </div>
  );
}
