import { useState } from 'preact/hooks';
import type { Api } from '#client';
import { FailureNote } from '../components/failure-note.js';
import { type Renewed, RenewalSentence } from '../components/renewal-sentence.js';
import { Result } from '../components/result.js';
import { useCall } from '../components/use-call.js';
import { When } from '../components/when.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import { isRemovable, type LicenseRecord } from './license-record.js';
import { RemoveDialog } from './remove-dialog.js';
import { RollbackDialog } from './rollback-dialog.js';

const { stored: texts } = TEXTS.license;

export interface StoredPanelProps {
  readonly record: LicenseRecord;
  readonly reload: () => Promise<void>;
  /** Whether what came of the last action here is still news. */
  readonly isNews: boolean;
  readonly begin: () => void;
}

/** The tokens of the database, and what can be done with them. */
export function StoredPanel({ record, reload, isNews, begin }: StoredPanelProps) {
  const { service, may } = useReader();
  const { history, token } = record;
  const [asks, ask] = useState<'rollback' | 'remove'>();
  const renewal = useCall<Renewed>();
  const [note, setNote] = useState<string>();
  const mayWrite = may('licensing:write');
  const mayRemove = may('licensing:delete') && isRemovable(history);
  const mayRollBack = mayWrite && history.previous !== null;
  const mayRenew = mayWrite && token.lid !== '';

  const start = () => {
    begin();
    renewal.clear();
    setNote(undefined);
  };
  const renew = async () => {
    start();
    await renewal.run(async () => {
      const before = token.jti;
      const done = await service.calls.POST('/api/licensing/token/renew');
      return done.ok ? { ok: true, value: { before, answer: done.value } } : done;
    });
    await reload();
  };
  const end = async (outcome: string) => {
    ask(undefined);
    setNote(outcome);
    await reload();
  };

  return (
    <section class="card flow" aria-labelledby="stored-title">
      <h2 id="stored-title">{texts.title}</h2>
      <Identity term={texts.current} identity={history.current} none={texts.noCurrent} />
      <Identity term={texts.queued} identity={history.queued} none={texts.noQueued} isQueued />
      <Identity term={texts.previous} identity={history.previous} none={texts.noPrevious} />
      {(mayRenew || mayRollBack || mayRemove) && (
        <div class="bar">
          {mayRenew && (
            <button type="button" disabled={renewal.isUnderWay} onClick={() => void renew()}>
              {texts.renew}
            </button>
          )}
          {mayRollBack && (
            <button
              type="button"
              disabled={renewal.isUnderWay}
              onClick={() => {
                start();
                ask('rollback');
              }}
            >
              {texts.rollBack}
            </button>
          )}
          {mayRemove && (
            <button
              type="button"
              class="danger"
              disabled={renewal.isUnderWay}
              onClick={() => {
                start();
                ask('remove');
              }}
            >
              {texts.remove}
            </button>
          )}
        </div>
      )}
      <Result
        progress={renewal.isUnderWay && texts.renewing}
        done={isNews && (note ?? (renewal.value !== undefined && <RenewalSentence {...renewal.value} />))}
        takesFocus={note !== undefined}
      />
      {isNews && renewal.failure !== undefined && <FailureNote failure={renewal.failure} />}
      {asks === 'rollback' && history.previous !== null && (
        <RollbackDialog
          current={history.current}
          previous={history.previous}
          close={() => ask(undefined)}
          done={end}
        />
      )}
      {asks === 'remove' && <RemoveDialog record={record} close={() => ask(undefined)} done={end} />}
    </section>
  );
}

interface IdentityProps {
  readonly term: string;
  readonly identity: Api.TokenIdentity | null;
  readonly none: string;
  readonly isQueued?: boolean;
}

function Identity({ term, identity, none, isQueued = false }: IdentityProps) {
  return (
    <div class="identity">
      <h3>{term}</h3>
      {identity === null ? (
        <p class="quiet">{none}</p>
      ) : (
        <dl class="facts">
          <dt>{TEXTS.license.terms.lid}</dt>
          <dd>{identity.lid}</dd>
          <dt>{TEXTS.license.terms.jti}</dt>
          <dd>{identity.jti}</dd>
          {isQueued && (
            <>
              <dt>{texts.takesOver}</dt>
              <dd>
                <When at={identity.nbf} />
              </dd>
            </>
          )}
          <dt>{TEXTS.license.terms.exp}</dt>
          <dd>
            <When at={identity.exp} />
          </dd>
          <dt>{TEXTS.license.terms.lexp}</dt>
          <dd>
            <When at={identity.lexp} />
          </dd>
        </dl>
      )}
    </div>
  );
}
