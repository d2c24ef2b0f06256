import type { Api } from '#client';
import { ActionOutcome } from '../components/action-outcome.js';
import { Table } from '../components/facts-table.js';
import { useAction } from '../components/use-action.js';
import { When } from '../components/when.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';

const { sessions: texts } = TEXTS.access;

export interface SessionsPanelProps {
  readonly sessions: readonly Api.ListedSession[];
  readonly reload: () => Promise<void>;
}

/** Who is signed in to the page. */
export function SessionsPanel({ sessions, reload }: SessionsPanelProps) {
  const { service } = useReader();
  const action = useAction(reload);
  const hasButtons = sessions.some(({ revocable }) => revocable);
  const button = ({ id, caller, current }: Api.ListedSession) => (
    <button
      type="button"
      aria-label={texts.endOf(caller.name, id)}
      disabled={action.call.isUnderWay}
      onClick={() =>
        action.ask({
          title: texts.endTitle(caller.name),
          text: current ? texts.endOwnText : texts.endText,
          submit: texts.end,
          done: texts.ended,
          send: () => service.calls.DELETE('/ui/sessions/{id}', { params: { path: { id } } }),
        })
      }
    >
      {texts.end}
    </button>
  );
  return (
    <section class="card flow" aria-labelledby="sessions-title">
      <h2 id="sessions-title">{texts.title}</h2>
      <p class="quiet">{texts.intro}</p>
      <ActionOutcome action={action} />
      {sessions.length === 0 ? (
        <p class="quiet">{texts.none}</p>
      ) : (
        <Table
          caption={texts.title}
          columns={hasButtons ? [...texts.columns, TEXTS.access.buttonColumn] : texts.columns}
          rows={sessions.map((session) => [
            session.current ? texts.own(session.caller.name) : session.caller.name,
            texts.kinds[session.caller.kind],
            session.address,
            <When at={session.createdAt} />,
            <When at={session.lastUsedAt} />,
            <When at={session.idleExpiresAt} />,
            ...(hasButtons ? [session.revocable ? button(session) : TEXTS.none] : []),
          ])}
        />
      )}
    </section>
  );
}
