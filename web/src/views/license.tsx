import { useCallback, useState } from 'preact/hooks';
import { Loaded } from '../components/loaded.js';
import { Staleness } from '../components/staleness.js';
import { useReads } from '../components/use-reads.js';
import { HistoryTable } from '../license/history-table.js';
import { InstallPanel } from '../license/install-panel.js';
import { readLicenseRecord } from '../license/license-record.js';
import { StoredPanel } from '../license/stored-panel.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';

/** How often the license is read, milliseconds. */
const EVERY_MS = 10_000;

/** What can be done with the license, and who did what with it. */
export function License() {
  const { service } = useReader();
  const read = useCallback(() => readLicenseRecord(service.reads), [service]);
  const polled = useReads(read, EVERY_MS);
  // What the last action came to is shown until the next one begins.
  const [news, setNews] = useState<'install' | 'stored'>('install');
  const { value } = polled;

  return (
    <div class="flows">
      <h1>{TEXTS.views.license}</h1>
      <Staleness polled={polled} />
      <div class="columns">
        <InstallPanel reload={polled.reload} isNews={news === 'install'} begin={() => setNews('install')} />
        <Loaded polled={polled}>
          {(record) => (
            <StoredPanel
              record={record}
              reload={polled.reload}
              isNews={news === 'stored'}
              begin={() => setNews('stored')}
            />
          )}
        </Loaded>
      </div>
      {value !== undefined && <HistoryTable changes={value.history.changes} />}
    </div>
  );
}
