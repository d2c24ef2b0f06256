import type { ComponentChildren } from 'preact';
import type { Api } from '#client';
import { Dialog } from '../components/dialog.js';
import { Table } from '../components/facts-table.js';
import { FailureNote } from '../components/failure-note.js';
import { Result } from '../components/result.js';
import { useCall } from '../components/use-call.js';
import { When } from '../components/when.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';

const { rollback: texts, terms } = TEXTS.license;

export interface RollbackDialogProps {
  readonly current: Api.TokenIdentity | null;
  readonly previous: Api.TokenIdentity;
  readonly close: () => void;
  /** @param outcome - a sentence */
  readonly done: (outcome: string) => Promise<void>;
}

/** Shows what a rollback changes, and does it. */
export function RollbackDialog({ current, previous, close, done }: RollbackDialogProps) {
  const { service } = useReader();
  const rollback = useCall<Api.Rollback>();
  const submit = async () => {
    const outcome = await rollback.run(() => service.calls.POST('/api/licensing/token/rollback'));
    if (outcome?.ok === true) await done(outcome.value.message);
  };
  const row = (term: string, cell: (identity: Api.TokenIdentity) => ComponentChildren) => [
    term,
    current === null ? TEXTS.none : cell(current),
    cell(previous),
  ];
  return (
    <Dialog
      title={texts.title}
      isBusy={rollback.isUnderWay}
      close={close}
      submit={() => void submit()}
      action={
        <button type="submit" class="primary" disabled={rollback.isUnderWay}>
          {texts.submit}
        </button>
      }
    >
      <p>{texts.intro}</p>
      <Table
        caption={texts.title}
        columns={texts.columns}
        rows={[
          row(terms.lid, ({ lid }) => lid),
          row(terms.jti, ({ jti }) => jti),
          row(terms.exp, ({ exp }) => <When at={exp} />),
          row(terms.lexp, ({ lexp }) => <When at={lexp} />),
        ]}
      />
      <Result progress={rollback.isUnderWay && texts.underWay} />
      {rollback.failure !== undefined && <FailureNote failure={rollback.failure} />}
    </Dialog>
  );
}
