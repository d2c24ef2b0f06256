import { useState } from 'preact/hooks';
import type { Api } from '#client';
import { ActionOutcome } from '../components/action-outcome.js';
import { useAction } from '../components/use-action.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import type { AccountState } from './access-state.js';
import { holdsRole } from './delegation.js';

const { access: texts } = TEXTS;

export interface AccountRolesProps {
  readonly id: number;
  readonly state: AccountState;
  /** All roles; none where the caller may not list them. */
  readonly roles: readonly Api.Role[];
  readonly reload: () => Promise<void>;
}

/** The roles of an account: given and taken by a caller who holds what they give. */
export function AccountRoles({ id, state: { roles: held }, roles, reload }: AccountRolesProps) {
  const { service, session, may } = useReader();
  const action = useAction(reload);
  const [chosen, choose] = useState('');
  if (held === undefined) return null;
  const free = roles.filter((role) => holdsRole(session, role) && !held.some(({ uid }) => uid === role.uid));
  const give = async () => {
    const roleUid = chosen;
    if (action.call.isUnderWay || roleUid === '') return;
    await action.act(texts.roleGiven, () =>
      service.calls.POST('/api/access-control/users/{id}/roles', {
        params: { path: { id } },
        body: { roleUid },
      }),
    );
    choose('');
  };
  return (
    <>
      <h3>{texts.heldRoles}</h3>
      <ActionOutcome action={action} />
      {held.length === 0 && <p class="quiet">{texts.noRoles}</p>}
      <ul class="roles">
        {held.map((role) => (
          <li key={role.uid}>
            <code>{role.name}</code>{' '}
            {may('users.roles:remove') && holdsRole(session, role) && (
              <button
                type="button"
                aria-label={texts.takeOf(role.name)}
                disabled={action.call.isUnderWay}
                onClick={() =>
                  void action.act(texts.roleTaken, () =>
                    service.calls.DELETE('/api/access-control/users/{id}/roles/{roleUid}', {
                      params: { path: { id, roleUid: role.uid } },
                    }),
                  )
                }
              >
                {texts.take}
              </button>
            )}
          </li>
        ))}
      </ul>
      {may('users.roles:add') && free.length > 0 && (
        <form
          class="filters"
          onSubmit={(event) => {
            event.preventDefault();
            void give();
          }}
        >
          <label class="field">
            <span>{texts.role}</span>
            <select
              value={free.some(({ uid }) => uid === chosen) ? chosen : ''}
              onChange={(event) => choose(event.currentTarget.value)}
            >
              <option value="">{texts.chooseRole}</option>
              {free.map(({ uid, name }) => (
                <option key={uid} value={uid}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <div class="bar">
            <button type="submit" disabled={action.call.isUnderWay || chosen === ''}>
              {texts.give}
            </button>
          </div>
        </form>
      )}
    </>
  );
}
