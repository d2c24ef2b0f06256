import type { Api } from '#client';
import { Table } from '../components/facts-table.js';
import { When } from '../components/when.js';
import { TEXTS } from '../texts.js';

const { history: texts } = TEXTS.license;

/** Who changed the license of the database, and when. */
export function HistoryTable({ changes }: { readonly changes: Api.History['changes'] }) {
  return (
    <section class="card flow" aria-labelledby="history-title">
      <h2 id="history-title">{texts.title}</h2>
      {changes.length === 0 ? (
        <p class="quiet">{texts.none}</p>
      ) : (
        <Table
          caption={texts.title}
          columns={texts.columns}
          rows={changes.map(({ at, change, reason, actor, lid, jti, nbf, exp, requestId }) => [
            <When at={at} />,
            <>
              {texts.changes[change]}
              {reason !== null && ` (${texts.reasons[reason]})`}
            </>,
            actor === 'system' ? texts.system : actor,
            lid ?? TEXTS.none,
            jti ?? TEXTS.none,
            <>
              {nbf !== null && (
                <>
                  {texts.from} <When at={nbf} />{' '}
                </>
              )}
              {exp === null ? (
                nbf === null && TEXTS.none
              ) : (
                <>
                  {texts.to} <When at={exp} />
                </>
              )}
            </>,
            requestId === '' ? TEXTS.none : <code>{requestId}</code>,
          ])}
        />
      )}
    </section>
  );
}
