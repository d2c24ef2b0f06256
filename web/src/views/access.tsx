import { useCallback } from 'preact/hooks';
import { readAccess } from '../access/access-state.js';
import { AccountsPanel } from '../access/accounts-panel.js';
import { RolesPanel } from '../access/roles-panel.js';
import { SessionsPanel } from '../access/sessions-panel.js';
import { Loaded } from '../components/loaded.js';
import { Staleness } from '../components/staleness.js';
import { useReads } from '../components/use-reads.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';

/** How often accounts, roles and sessions are read, milliseconds. */
const EVERY_MS = 15_000;

/** Who may call the service, what they may do, and who is signed in. */
export function Access() {
  const { service, may } = useReader();
  const mayListRoles = may('roles:read');
  const read = useCallback(() => readAccess(service.reads, mayListRoles), [service, mayListRoles]);
  const polled = useReads(read, EVERY_MS);
  const { reload } = polled;
  return (
    <div class="flows">
      <h1>{TEXTS.views.access}</h1>
      <Staleness polled={polled} />
      <Loaded polled={polled}>
        {(state) => (
          <>
            <AccountsPanel state={state} reload={reload} />
            {state.roles !== undefined && <RolesPanel roles={state.roles} reload={reload} />}
            <SessionsPanel sessions={state.sessions} reload={reload} />
          </>
        )}
      </Loaded>
    </div>
  );
}
