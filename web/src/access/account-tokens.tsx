import { useState } from 'preact/hooks';
import type { Api, Outcome } from '#client';
import { ActionOutcome } from '../components/action-outcome.js';
import { CopyButton } from '../components/copy-button.js';
import { Table } from '../components/facts-table.js';
import { useAction } from '../components/use-action.js';
import { When } from '../components/when.js';
import { DAY } from '../moments.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import type { AccountState } from './access-state.js';
import { NameForm } from './name-form.js';

const { access: texts } = TEXTS;

/** How long a new token can last, days; 0 does not end. */
const LIVES = [0, 1, 7, 30, 90, 365] as const;

export interface AccountTokensProps {
  readonly id: number;
  readonly state: AccountState;
  readonly reload: () => Promise<void>;
}

/** The tokens of an account. A new one is shown once. */
export function AccountTokens({ id, state: { tokens, mayWrite }, reload }: AccountTokensProps) {
  const { service } = useReader();
  const action = useAction(reload);
  const [made, setMade] = useState<Api.NewServiceAccountToken>();
  const [days, setDays] = useState(0);
  const create = async (name: string) => {
    setMade(undefined);
    return action.act(texts.tokenMade, async () => {
      const sent = await service.calls.POST('/api/serviceaccounts/{id}/tokens', {
        params: { path: { id } },
        body: { name, secondsToLive: days * DAY },
      });
      if (sent.ok) setMade(sent.value);
      return sent;
    });
  };
  /** What is shown once has no use when its token has none. */
  const forget = <T,>(tokenId: number, sent: Outcome<T>): Outcome<T> => {
    if (sent.ok) setMade((shown) => (shown?.id === tokenId ? undefined : shown));
    return sent;
  };
  const buttons = ({ id: tokenId, name, isRevoked }: Api.ServiceAccountToken) => {
    const params = { path: { id, tokenId } };
    return (
      <div class="bar">
        {!isRevoked && (
          <button
            type="button"
            aria-label={texts.revokeOf(name)}
            disabled={action.call.isUnderWay}
            onClick={() =>
              action.ask({
                title: texts.revokeTitle(name),
                text: texts.revokeText,
                submit: texts.revoke,
                done: texts.tokenRevoked,
                send: async () => {
                  const body = { isRevoked: true } as const;
                  const sent = await service.calls.PATCH('/api/serviceaccounts/{id}/tokens/{tokenId}', {
                    params,
                    body,
                  });
                  return forget(tokenId, sent);
                },
              })
            }
          >
            {texts.revoke}
          </button>
        )}
        <button
          type="button"
          class="danger"
          aria-label={texts.removeOf(name)}
          disabled={action.call.isUnderWay}
          onClick={() =>
            action.ask({
              title: texts.deleteTokenTitle(name),
              text: isRevoked ? texts.deleteRevokedText : texts.deleteTokenText,
              submit: texts.remove,
              done: texts.tokenRemoved,
              send: async () => {
                const path = '/api/serviceaccounts/{id}/tokens/{tokenId}' as const;
                return forget(tokenId, await service.calls.DELETE(path, { params }));
              },
            })
          }
        >
          {texts.remove}
        </button>
      </div>
    );
  };

  return (
    <>
      <h3>{texts.tokens}</h3>
      <ActionOutcome action={action} />
      {made !== undefined && (
        <div class="losses">
          <p>{texts.shownOnce}</p>
          <p>
            <code class="secret">{made.key}</code>
          </p>
          <div class="bar">
            <CopyButton text={made.key} label={TEXTS.copy.token} />
            <button type="button" class="plain" onClick={() => setMade(undefined)}>
              {texts.hide}
            </button>
          </div>
        </div>
      )}
      {tokens.length > 0 && (
        <Table
          caption={texts.tokens}
          columns={mayWrite ? [...texts.tokenColumns, texts.buttonColumn] : texts.tokenColumns}
          rows={tokens.map((token) => [
            token.name,
            token.isRevoked ? texts.revoked : token.hasExpired ? texts.expired : texts.works,
            <Stamp at={token.expiration} />,
            <Stamp at={token.lastUsedAt} />,
            ...(mayWrite ? [buttons(token)] : []),
          ])}
        />
      )}
      {mayWrite && (
        <NameForm
          label={texts.tokenName}
          submitLabel={texts.makeToken}
          isBusy={action.call.isUnderWay}
          submit={create}
        >
          <label class="field">
            <span>{texts.tokenLife}</span>
            <select value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
              {LIVES.map((life) => (
                <option key={life} value={life}>
                  {texts.lives(life)}
                </option>
              ))}
            </select>
          </label>
        </NameForm>
      )}
    </>
  );
}

/** @param at - RFC 3339; null for never */
function Stamp({ at }: { readonly at: string | null }) {
  return at === null ? <>{TEXTS.times.never}</> : <When at={Date.parse(at) / 1_000} />;
}
