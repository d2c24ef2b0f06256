import { useState } from 'preact/hooks';
import type { Api } from '#client';
import { ActionOutcome } from '../components/action-outcome.js';
import { Table } from '../components/facts-table.js';
import { useAction } from '../components/use-action.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import { holdsRole, isCustom } from './delegation.js';
import { RoleDialog } from './role-dialog.js';

const { roles: texts } = TEXTS.access;

export interface RolesPanelProps {
  readonly roles: readonly Api.Role[];
  readonly reload: () => Promise<void>;
}

/** What roles there are. Custom ones are made, changed and deleted by a caller who holds what they give. */
export function RolesPanel({ roles, reload }: RolesPanelProps) {
  const { service, session, may } = useReader();
  const action = useAction(reload);
  const [edited, edit] = useState<Api.Role | 'new'>();
  const mayWrite = may('roles:write');
  const mayDelete = may('roles:delete');
  const buttons = (role: Api.Role) =>
    isCustom(role) && holdsRole(session, role) ? (
      <div class="bar">
        {mayWrite && (
          <button type="button" aria-label={texts.editOf(role.name)} onClick={() => edit(role)}>
            {texts.edit}
          </button>
        )}
        {mayDelete && (
          <button
            type="button"
            class="danger"
            aria-label={texts.deleteOf(role.name)}
            disabled={action.call.isUnderWay}
            onClick={() =>
              action.ask({
                title: texts.deleteTitle(role.name),
                text: texts.deleteText,
                option: texts.force,
                submit: texts.delete,
                done: texts.deleted(role.name),
                send: (isForced) =>
                  service.calls.DELETE('/api/access-control/roles/{uid}', {
                    params: { path: { uid: role.uid }, query: { force: isForced ? 'true' : 'false' } },
                  }),
              })
            }
          >
            {texts.delete}
          </button>
        )}
      </div>
    ) : (
      TEXTS.none
    );

  return (
    <section class="card flow" aria-labelledby="roles-title">
      <h2 id="roles-title">{texts.title}</h2>
      <p class="quiet">{texts.intro}</p>
      {mayWrite && (
        <div class="bar">
          <button type="button" onClick={() => edit('new')}>
            {texts.create}
          </button>
        </div>
      )}
      <ActionOutcome action={action} />
      <Table
        caption={texts.title}
        columns={mayWrite || mayDelete ? [...texts.columns, TEXTS.access.buttonColumn] : texts.columns}
        rows={roles.map((role) => [
          role.displayName === '' ? role.name : `${role.displayName} (${role.name})`,
          role.description || TEXTS.none,
          <Actions role={role} />,
          ...(mayWrite || mayDelete ? [buttons(role)] : []),
        ])}
      />
      {edited !== undefined && (
        <RoleDialog
          role={edited === 'new' ? undefined : edited}
          close={() => edit(undefined)}
          done={async (outcome, name) => {
            edit(undefined);
            await action.act(edited === 'new' ? texts.made(name) : texts.changed(name), async () => outcome);
          }}
        />
      )}
    </section>
  );
}

function Actions({ role: { name, permissions } }: { readonly role: Api.Role }) {
  return (
    <details class="record">
      <summary>
        {texts.gives(permissions.length)} <span class="hidden">{name}</span>
      </summary>
      <ul>
        {permissions.map(({ action }) => (
          <li key={action}>
            <code>{action}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
