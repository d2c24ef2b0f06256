import { useState } from 'preact/hooks';
import type { Api } from '#client';
import { Dialog } from '../components/dialog.js';
import { FailureNote } from '../components/failure-note.js';
import { Result } from '../components/result.js';
import { useCall } from '../components/use-call.js';
import type { Read } from '../polling.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';

const { roles: texts } = TEXTS.access;

export interface RoleDialogProps {
  /** Undefined for a new one. */
  readonly role: Api.Role | undefined;
  readonly close: () => void;
  readonly done: (outcome: Read<Api.Role>, name: string) => Promise<void>;
}

/** Makes a custom role, or changes one. It can give what the caller holds. */
export function RoleDialog({ role, close, done }: RoleDialogProps) {
  const { service, session } = useReader();
  const save = useCall<Api.Role>();
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [given, setGiven] = useState<readonly string[]>(role?.permissions.map(({ action }) => action) ?? []);
  const isReady = name.trim() !== '' && !save.isUnderWay;
  const send = (): Promise<Read<Api.Role>> => {
    const content = {
      name: name.trim(),
      description: description.trim(),
      permissions: given.map((action) => ({ action })),
    };
    if (role === undefined) return service.calls.POST('/api/access-control/roles', { body: content });
    const { uid, version, displayName, group } = role;
    return service.calls.PUT('/api/access-control/roles/{uid}', {
      params: { path: { uid } },
      body: { ...content, version, displayName, group },
    });
  };
  const submit = async () => {
    if (!isReady) return;
    const outcome = await save.run(send);
    if (outcome?.ok === true) await done(outcome, name.trim());
  };
  return (
    <Dialog
      title={role === undefined ? texts.createTitle : texts.editTitle(role.name)}
      isBusy={save.isUnderWay}
      close={close}
      submit={() => void submit()}
      action={
        <button type="submit" class="primary" disabled={!isReady}>
          {texts.save}
        </button>
      }
    >
      <label class="field">
        <span>{texts.name}</span>
        <input
          name="role-name"
          type="text"
          maxLength={190}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{texts.description}</span>
        <input
          name="role-description"
          type="text"
          maxLength={1000}
          autocomplete="off"
          value={description}
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </label>
      <fieldset class="choices">
        <legend>{texts.actions}</legend>
        {session.actions.map((action) => (
          <label key={action} class="check">
            <input
              type="checkbox"
              checked={given.includes(action)}
              onChange={(event) =>
                setGiven(
                  event.currentTarget.checked
                    ? [...given, action]
                    : given.filter((other) => other !== action),
                )
              }
            />
            <code>{action}</code>
          </label>
        ))}
      </fieldset>
      <Result progress={save.isUnderWay && TEXTS.frame.underWay} />
      {save.failure !== undefined && <FailureNote failure={save.failure} />}
    </Dialog>
  );
}
