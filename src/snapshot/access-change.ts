import type { SnapshotChangeEntity } from './snapshot-change.entity.js';
import type { SnapshotVersionEntity } from './snapshot-version.entity.js';

type State = Pick<SnapshotVersionEntity, 'version' | 'stamp'>;

/** What changed of who may do what. */
export interface AccessChange {
  /** The service accounts whose row, roles or tokens changed. */
  readonly accounts: ReadonlySet<number>;
  /** Whether custom roles changed. */
  readonly roles: boolean;
}

/**
 * What changed between two states.
 *
 * @param changes - those after the known version, in the order of their versions
 * @returns undefined where the changes are not the whole way from the known state to the present one: some were
 *   removed, a former release made one without a record, or a restore has put another history in their place
 */
export function accessChange(
  known: State,
  present: State,
  changes: readonly SnapshotChangeEntity[],
): AccessChange | undefined {
  const accounts = new Set<number>();
  let roles = false;
  let { version, stamp } = known;
  for (const change of changes) {
    if (change.version !== version + 1 || change.formerStamp !== stamp) return undefined;
    ({ version, stamp } = change);
    for (const id of change.serviceAccountIds) accounts.add(Number(id));
    roles ||= change.rolesChanged;
  }
  return version === present.version && stamp === present.stamp ? { accounts, roles } : undefined;
}
