import { useCallback } from 'preact/hooks';
import type { Api } from '#client';
import { Loaded } from '../components/loaded.js';
import { Staleness } from '../components/staleness.js';
import type { Action } from '../components/use-action.js';
import { useReads } from '../components/use-reads.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import { type AccountState, readAccount } from './access-state.js';
import { AccountRoles } from './account-roles.js';
import { AccountTokens } from './account-tokens.js';

const { access: texts } = TEXTS;

/** How often an account is read, milliseconds. */
const EVERY_MS = 15_000;

export interface AccountPanelProps {
  readonly account: Api.ServiceAccount;
  /** All roles; none where the caller may not list them. */
  readonly roles: readonly Api.Role[];
  /** For what is done with the account as a whole. */
  readonly onAccount: Action;
}

/** One account: its state, its tokens and its roles. */
export function AccountPanel({ account, roles, onAccount }: AccountPanelProps) {
  const { service, may } = useReader();
  const { id, name } = account;
  const mayListHeld = may('users.roles:read');
  const read = useCallback(() => readAccount(service.reads, id, mayListHeld), [service, id, mayListHeld]);
  const polled = useReads(read, EVERY_MS);
  return (
    <section class="card flow" aria-labelledby="account-title">
      <h2 id="account-title">{name}</h2>
      <Staleness polled={polled} />
      <Loaded polled={polled}>
        {(state) => (
          <>
            <AccountButtons account={account} state={state} action={onAccount} />
            <AccountTokens id={id} state={state} reload={polled.reload} />
            <AccountRoles id={id} state={state} roles={roles} reload={polled.reload} />
          </>
        )}
      </Loaded>
    </section>
  );
}

function AccountButtons({
  account: { id, name, isDisabled },
  state: { mayWrite, mayDelete },
  action,
}: {
  readonly account: Api.ServiceAccount;
  readonly state: AccountState;
  readonly action: Action;
}) {
  const { service, may } = useReader();
  const params = { path: { id } };
  const turn = (isOff: boolean) => () =>
    service.calls.PATCH('/api/serviceaccounts/{id}', { params, body: { isDisabled: isOff } });
  const isHeldBack = may('serviceaccounts:write') && !mayWrite;
  return (
    <>
      <p>{isDisabled ? texts.isDisabled : texts.isEnabled}</p>
      {isHeldBack && <p class="quiet">{texts.holdsMore}</p>}
      {(mayWrite || mayDelete) && (
        <div class="bar">
          {mayWrite && isDisabled && (
            <button
              type="button"
              disabled={action.call.isUnderWay}
              onClick={() => void action.act(texts.accountEnabled(name), turn(false))}
            >
              {texts.enable}
            </button>
          )}
          {mayWrite && !isDisabled && (
            <button
              type="button"
              disabled={action.call.isUnderWay}
              onClick={() =>
                action.ask({
                  title: texts.disableTitle(name),
                  text: texts.disableText,
                  submit: texts.disable,
                  done: texts.accountDisabled(name),
                  send: turn(true),
                })
              }
            >
              {texts.disableAsks}
            </button>
          )}
          {mayDelete && (
            <button
              type="button"
              class="danger"
              disabled={action.call.isUnderWay}
              onClick={() =>
                action.ask({
                  title: texts.deleteAccountTitle(name),
                  text: texts.deleteAccountText,
                  submit: texts.remove,
                  done: texts.accountDeleted(name),
                  send: () => service.calls.DELETE('/api/serviceaccounts/{id}', { params }),
                })
              }
            >
              {texts.deleteAccount}
            </button>
          )}
        </div>
      )}
    </>
  );
}
