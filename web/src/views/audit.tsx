import { useEffect, useState } from 'preact/hooks';
import type { Api } from '#client';
import { auditQuery, type AuditQuery, NO_FILTER, type TypedFilter } from '../audit/audit-filter.js';
import { ExportPanel } from '../audit/export-panel.js';
import { Table } from '../components/facts-table.js';
import { FailureNote } from '../components/failure-note.js';
import { Result } from '../components/result.js';
import { useCall } from '../components/use-call.js';
import { When } from '../components/when.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';

const { audit: texts } = TEXTS;

/** How many records a page has. */
const LIMIT = 50;

const MOMENTS = ['from', 'to'] as const;
const NAMES = ['actor', 'action', 'target'] as const;

/** What was read with one filter: its pages so far, newest first. */
interface Records {
  readonly query: AuditQuery;
  readonly records: readonly Api.AuditRecord[];
  readonly cursor: string | null;
}

/** Who changed what. */
export function Audit() {
  const { service } = useReader();
  const [typed, setTyped] = useState<TypedFilter>(NO_FILTER);
  const [known, setKnown] = useState<Records>();
  const read = useCall<Records>();

  const load = async (query: AuditQuery, before?: Records) => {
    const cursor = before?.cursor ?? undefined;
    const outcome = await read.run(async () => {
      const page = await service.calls.GET('/api/audit', {
        params: { query: { ...query, limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) } },
      });
      if (!page.ok) return page;
      const records = [...(before?.records ?? []), ...page.value.records];
      return { ok: true, value: { query, records, cursor: page.value.cursor } };
    });
    if (outcome?.ok === true) setKnown(outcome.value);
  };
  useEffect(() => void load({}), []);

  return (
    <div class="flows">
      <h1>{TEXTS.views.audit}</h1>
      <section class="card flow" aria-labelledby="records-title">
        <h2 id="records-title">{texts.title}</h2>
        <form
          class="filters"
          onSubmit={(event) => {
            event.preventDefault();
            void load(auditQuery(typed));
          }}
        >
          {MOMENTS.map((name) => (
            <label key={name} class="field">
              <span>{texts.fields[name]}</span>
              <input
                type="datetime-local"
                name={name}
                value={typed[name]}
                onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
              />
            </label>
          ))}
          {NAMES.map((name) => (
            <label key={name} class="field">
              <span>{texts.fields[name]}</span>
              <input
                type="text"
                name={name}
                maxLength={1100}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                placeholder={texts.examples[name]}
                value={typed[name]}
                onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
              />
            </label>
          ))}
          <div class="bar">
            <button type="submit" class="primary" disabled={read.isUnderWay}>
              {texts.submit}
            </button>
            <button
              type="button"
              class="plain"
              disabled={read.isUnderWay}
              onClick={() => {
                setTyped(NO_FILTER);
                void load({});
              }}
            >
              {texts.clear}
            </button>
          </div>
        </form>
        <Result
          progress={read.isUnderWay && TEXTS.frame.loading}
          done={
            read.value !== undefined && texts.found(read.value.records.length, read.value.cursor !== null)
          }
        />
        {read.failure !== undefined && <FailureNote failure={read.failure} />}
        {known !== undefined && known.records.length > 0 && (
          <Table caption={texts.title} columns={texts.columns} rows={known.records.map(rowOf)} />
        )}
        {known !== undefined && known.cursor !== null && (
          <div class="bar">
            <button type="button" disabled={read.isUnderWay} onClick={() => void load(known.query, known)}>
              {texts.older}
            </button>
          </div>
        )}
      </section>
      <ExportPanel />
    </div>
  );
}

function rowOf({ at, actor, client, action, target, before, after, requestId }: Api.AuditRecord) {
  return [
    <When at={at} />,
    actor,
    <code>{action}</code>,
    <code>{target}</code>,
    <details class="record">
      <summary>{texts.details}</summary>
      <dl class="facts">
        <dt>{texts.before}</dt>
        <dd>
          <code>{before === null ? TEXTS.none : JSON.stringify(before)}</code>
        </dd>
        <dt>{texts.after}</dt>
        <dd>
          <code>{JSON.stringify(after)}</code>
        </dd>
        <dt>{texts.client}</dt>
        <dd>{client === '' ? TEXTS.none : client}</dd>
        <dt>{TEXTS.failure.request}</dt>
        <dd>
          <code>{requestId === '' ? TEXTS.none : requestId}</code>
        </dd>
      </dl>
    </details>,
  ];
}
