import { useState } from 'preact/hooks';
import { Dialog } from '../components/dialog.js';
import { FailureNote } from '../components/failure-note.js';
import { Result } from '../components/result.js';
import { useCall } from '../components/use-call.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import type { LicenseRecord } from './license-record.js';

const { removal: texts } = TEXTS.license;

export interface RemoveDialogProps {
  readonly record: LicenseRecord;
  readonly close: () => void;
  /** @param outcome - a sentence */
  readonly done: (outcome: string) => Promise<void>;
}

/** Removes the license from the database when the reader has typed which instance they mean. */
export function RemoveDialog({ record, close, done }: RemoveDialogProps) {
  const { service } = useReader();
  const [typed, setTyped] = useState('');
  const removal = useCall<object>();
  const { sub } = record.token;
  const instance = typed.trim();
  const stays = record.explanation.sources.some(
    ({ source, state }) =>
      (source === 'file' || source === 'text') && (state === 'used' || state === 'stale'),
  );
  const submit = async () => {
    if (instance === '') return;
    const outcome = await removal.run(() =>
      service.calls.DELETE('/api/licensing/token', { body: { instance } }),
    );
    if (outcome?.ok === true) await done(texts.done);
  };
  return (
    <Dialog
      title={texts.title}
      isBusy={removal.isUnderWay}
      close={close}
      submit={() => void submit()}
      action={
        <button type="submit" class="danger" disabled={removal.isUnderWay || instance === ''}>
          {texts.submit}
        </button>
      }
    >
      <p>{texts.intro}</p>
      <p>{stays ? texts.othersStay : texts.turnsFalse}</p>
      <label class="field">
        <span>{texts.field}</span>
        <input
          name="instance"
          type="text"
          inputMode="url"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={typed}
          readOnly={removal.isUnderWay}
          aria-describedby="instance-hint"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <p id="instance-hint" class="quiet">
        {sub === '' ? texts.hint : texts.hintOf} {sub !== '' && <code>{sub}</code>}
      </p>
      <Result progress={removal.isUnderWay && texts.underWay} />
      {removal.failure !== undefined && <FailureNote failure={removal.failure} />}
    </Dialog>
  );
}
