import { useState } from 'preact/hooks';
import { FailureNote } from '../components/failure-note.js';
import { Result } from '../components/result.js';
import { useCall } from '../components/use-call.js';
import { useReader } from '../reader.js';
import type { Read } from '../polling.js';
import { TEXTS } from '../texts.js';
import { lastNumber } from './audit-filter.js';

const { export: texts } = TEXTS.audit;

/** Fetches the whole log as JSON lines, part by part, and saves it as a file. */
export function ExportPanel() {
  const { service } = useReader();
  const [lines, setLines] = useState(0);
  const saved = useCall<number>();

  const fetchAll = async (): Promise<Read<number>> => {
    const parts: string[] = [];
    let count = 0;
    for (let after = '0'; ;) {
      const part = await service.calls.GET('/api/audit/export', {
        params: { query: { after } },
        parseAs: 'text',
      });
      if (!part.ok) return part;
      // Of an empty answer the client has no text at all.
      const text = (part.value as string | undefined) ?? '';
      const next = text === '' ? undefined : lastNumber(text);
      if (next === undefined || next === after) break;
      parts.push(text);
      count += text.trimEnd().split('\n').length;
      setLines(count);
      after = next;
    }
    save(parts);
    return { ok: true, value: count };
  };

  return (
    <section class="card flow" aria-labelledby="export-title">
      <h2 id="export-title">{texts.title}</h2>
      <p class="quiet">{texts.intro}</p>
      <div class="bar">
        <button
          type="button"
          disabled={saved.isUnderWay}
          onClick={() => {
            setLines(0);
            void saved.run(fetchAll);
          }}
        >
          {texts.submit}
        </button>
      </div>
      <Result
        progress={saved.isUnderWay && texts.underWay(lines)}
        done={saved.value !== undefined && texts.done(saved.value)}
      />
      {saved.failure !== undefined && <FailureNote failure={saved.failure} />}
    </section>
  );
}

/** By a link to what is in memory: the credentials of the call stay in its header or cookie. */
function save(parts: readonly string[]): void {
  const address = URL.createObjectURL(new Blob([...parts], { type: 'application/jsonl' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = 'audit.jsonl';
  link.click();
  // The browser has begun to save by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
