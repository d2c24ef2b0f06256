import { useState } from 'preact/hooks';
import type { Api } from '#client';
import { FactsTable } from '../components/facts-table.js';
import { ToneIcon } from '../components/tone-icon.js';
import { When } from '../components/when.js';
import { localTime } from '../moments.js';
import { useZone } from '../reader.js';
import { TEXTS } from '../texts.js';
import { attemptWord, outcomeWord, toneOfOutcome } from './renewal-model.js';

const { renewal: texts } = TEXTS;

/** The last attempts, a cell for each, oldest first. The one under the pointer or the focus is told in words. */
export function AttemptCells({ attempts }: { readonly attempts: readonly Api.RenewalAttempt[] }) {
  const zone = useZone();
  const [shown, show] = useState<Api.RenewalAttempt>();
  const told = attempts.find((attempt) => isSame(attempt, shown)) ?? attempts[0];
  return (
    <div class="attempts">
      <p class="quiet">{texts.attemptsNote(attempts.length)}</p>
      {told !== undefined && (
        <>
          <ul class="cells">
            {attempts.toReversed().map((attempt) => (
              <li key={`${attempt.startedAt} ${attempt.jti}`}>
                <button
                  type="button"
                  class={`cell tone-${toneOfOutcome(attempt.outcome)}`}
                  aria-label={`${localTime(attempt.startedAt, zone)}: ${attemptWord(attempt)}`}
                  aria-pressed={attempt === told}
                  onClick={() => show(attempt)}
                  onFocus={() => show(attempt)}
                  onPointerEnter={() => show(attempt)}
                >
                  <ToneIcon tone={toneOfOutcome(attempt.outcome)} />
                </button>
              </li>
            ))}
          </ul>
          <div class="readout readout-line">
            <p class="readout-main">
              <ToneIcon tone={toneOfOutcome(told.outcome)} />
              <span>
                {attemptWord(told)}, <When at={told.startedAt} />{' '}
                <span class="quiet">({texts.calls(told.calls)})</span>
              </span>
            </p>
            {told.message !== null && <p class="quiet">{told.message}</p>}
          </div>
        </>
      )}
    </div>
  );
}

function isSame(one: Api.RenewalAttempt, other: Api.RenewalAttempt | undefined): boolean {
  return one.startedAt === other?.startedAt && one.jti === other.jti;
}

/** The same facts for screen readers and copying. */
export function AttemptsTable({ attempts }: { readonly attempts: readonly Api.RenewalAttempt[] }) {
  return (
    <FactsTable
      title={texts.attempts}
      columns={texts.attemptColumns}
      rows={attempts.map(({ startedAt, finishedAt, outcome, cause, calls, message }) => [
        <When at={startedAt} />,
        finishedAt === null ? texts.notFinished : <When at={finishedAt} />,
        outcome === null ? texts.outcomes.open : outcomeWord(outcome),
        cause === null ? TEXTS.none : texts.causes[cause],
        calls,
        message ?? TEXTS.none,
      ])}
    />
  );
}
