import { useState } from 'preact/hooks';
import { ActionOutcome } from '../components/action-outcome.js';
import { Table } from '../components/facts-table.js';
import { useAction } from '../components/use-action.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import type { AccessState } from './access-state.js';
import { AccountPanel } from './account-panel.js';
import { NameForm } from './name-form.js';

const { access: texts } = TEXTS;

export interface AccountsPanelProps {
  readonly state: AccessState;
  readonly reload: () => Promise<void>;
}

/** The service accounts, and the one that the reader looks at. */
export function AccountsPanel({ state, reload }: AccountsPanelProps) {
  const { service, may } = useReader();
  const { accounts, accountCount, roles = [] } = state;
  const action = useAction(reload);
  const [shown, show] = useState<number>();
  const account = accounts.find(({ id }) => id === shown);
  const create = (name: string) =>
    action.act(texts.accountMade, async () => {
      const sent = await service.calls.POST('/api/serviceaccounts', { body: { name } });
      if (sent.ok) show(sent.value.id);
      return sent;
    });

  return (
    <div class="columns">
      <section class="card flow" aria-labelledby="accounts-title">
        <h2 id="accounts-title">{texts.accounts}</h2>
        {may('serviceaccounts:create') && (
          <NameForm
            label={texts.accountName}
            submitLabel={texts.create}
            isBusy={action.call.isUnderWay}
            submit={create}
          />
        )}
        <ActionOutcome action={action} />
        {accounts.length === 0 ? (
          <p class="quiet">{texts.noAccounts}</p>
        ) : (
          <Table
            caption={texts.accounts}
            columns={texts.accountColumns}
            rows={accounts.map(({ id, name, isDisabled }) => [
              <>
                {name} <span class="account-key">{texts.accountKey(id)}</span>
              </>,
              isDisabled ? texts.disabled : texts.enabled,
              <button type="button" aria-pressed={id === shown} onClick={() => show(id)}>
                {texts.open} <span class="hidden">{name}</span>
              </button>,
            ])}
          />
        )}
        {accountCount > accounts.length && (
          <p class="quiet">{texts.moreAccounts(accounts.length, accountCount)}</p>
        )}
      </section>
      {account !== undefined && (
        <AccountPanel key={account.id} account={account} roles={roles} onAccount={action} />
      )}
    </div>
  );
}
