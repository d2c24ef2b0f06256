import type { Api } from '#client';
import { FactsTable } from '../components/facts-table.js';
import { FailureNote } from '../components/failure-note.js';
import { type Renewed, RenewalSentence } from '../components/renewal-sentence.js';
import { ToneIcon } from '../components/tone-icon.js';
import { useCall } from '../components/use-call.js';
import { When } from '../components/when.js';
import { hasLicense, type LicenseState } from '../license-state.js';
import { fromNow } from '../moments.js';
import { useReader } from '../reader.js';
import { hrefOf } from '../routes.js';
import { TEXTS } from '../texts.js';
import { AttemptCells, AttemptsTable } from './attempt-cells.js';
import { outcomeWord, prospectOf, renewalFacts, toneOfOutcome } from './renewal-model.js';

const { renewal: texts } = TEXTS;

/** How renewals fare: the last attempts, the next one, and what happens if none succeeds. */
export function RenewalPicture({
  state,
  reload,
}: {
  readonly state: LicenseState;
  readonly reload: () => Promise<void>;
}) {
  const { timeline } = state;
  const prospect = prospectOf(timeline);
  return (
    <section class="card picture picture-renewal" aria-labelledby="renewal-title">
      <div class="picture-head">
        <div>
          <h2 id="renewal-title">{texts.title}</h2>
          <p class="prospect">
            <ToneIcon tone={prospect.tone} />
            <span>
              {prospect.text}
              {prospect.at !== undefined && (
                <>
                  {' '}
                  <When at={prospect.at} isStop />{' '}
                  <span class="quiet">({fromNow(prospect.at, timeline.at)})</span>
                </>
              )}
              .
            </span>
          </p>
        </div>
      </div>
      <AttemptCells attempts={state.attempts} />
      <LastAttempt renewal={state.renewal} now={timeline.at} />
      {hasLicense(state.explanation) ? <Actions token={state.token} reload={reload} /> : <NothingToRenew />}
      <div>
        <FactsTable
          title={texts.title}
          columns={texts.columns}
          rows={renewalFacts(state).map(({ name, value }) => [
            name,
            typeof value === 'number' ? <When at={value} /> : (value ?? TEXTS.none),
          ])}
        />
        {state.attempts.length > 0 && <AttemptsTable attempts={state.attempts} />}
      </div>
    </section>
  );
}

function LastAttempt({ renewal, now }: { readonly renewal: Api.Renewal; readonly now: number }) {
  const { lastAttempt, outcome, cause, message, automatic, nextAttempt, underWay } = renewal;
  return (
    <dl class="facts">
      <dt>{texts.facts.lastAttempt}</dt>
      <dd>
        {lastAttempt === null ? (
          texts.outcomes.none
        ) : (
          <>
            <ToneIcon tone={toneOfOutcome(outcome)} /> {outcomeWord(outcome)},{' '}
            <When at={lastAttempt} isStop /> <span class="quiet">({fromNow(lastAttempt, now)})</span>
          </>
        )}
      </dd>
      {message !== null && (
        <>
          <dt>{texts.facts.message}</dt>
          <dd>{message}</dd>
        </>
      )}
      {cause !== null && (
        <>
          <dt>{texts.lookAt}</dt>
          <dd>{texts.causes[cause]}</dd>
        </>
      )}
      <dt>{texts.facts.next}</dt>
      <dd>
        {underWay ? (
          texts.underWay
        ) : automatic && nextAttempt !== null ? (
          <>
            <When at={nextAttempt} isStop /> <span class="quiet">({fromNow(nextAttempt, now)})</span>
          </>
        ) : (
          texts[automatic ? 'notPlanned' : 'notByItself']
        )}
      </dd>
    </dl>
  );
}

/** Without a license both calls would be refused; what helps is on another view. */
function NothingToRenew() {
  const { may } = useReader();
  return (
    <p>
      {texts.nothing} {may('licensing:write') && <a href={hrefOf('license')}>{texts.install}</a>}
    </p>
  );
}

/** What a caller who may write can do: try a renewal out, or make one. */
function Actions({ token, reload }: { readonly token: Api.Token; readonly reload: () => Promise<void> }) {
  const { service, may } = useReader();
  const rehearsal = useCall<Api.Rehearsal>();
  const renewal = useCall<Renewed>();
  if (!may('licensing:write')) return null;
  const isBusy = rehearsal.isUnderWay || renewal.isUnderWay;
  const failure = rehearsal.failure ?? renewal.failure;
  return (
    <div class="actions">
      <div class="buttons">
        <button
          type="button"
          disabled={isBusy}
          onClick={() => {
            renewal.clear();
            void rehearsal.run(() => service.calls.POST('/api/licensing/renewal/rehearse', { body: {} }));
          }}
        >
          {texts.rehearse}
        </button>
        <button
          type="button"
          class="primary"
          disabled={isBusy}
          onClick={() => {
            rehearsal.clear();
            void renewal
              .run(async () => {
                const done = await service.calls.POST('/api/licensing/token/renew', { body: {} });
                return done.ok ? { ok: true, value: { before: token.jti, answer: done.value } } : done;
              })
              .then(() => reload());
          }}
        >
          {texts.renew}
        </button>
      </div>
      <p class="quiet">{texts.rehearseNote}</p>
      <p role="status" class="outcome">
        {rehearsal.isUnderWay && texts.rehearsing}
        {renewal.isUnderWay && texts.renewing}
        {rehearsal.value !== undefined && (
          <>
            <ToneIcon tone={rehearsal.value.outcome === 'ready' ? 'good' : 'warn'} />{' '}
            {rehearsal.value.message}
          </>
        )}
        {renewal.value !== undefined && (
          <>
            <ToneIcon tone="good" />{' '}
            <span>
              <RenewalSentence {...renewal.value} />
            </span>
          </>
        )}
      </p>
      {failure !== undefined && <FailureNote failure={failure} />}
    </div>
  );
}
