import { ACTIONS, type Action } from '../domain/actions.js';
import { csvLines } from '../domain/csv.js';

/** Who holds licensing actions by a role that is not fixed. */
export interface CustomPermission {
  readonly granteeType: 'service-account' | 'user' | 'bootstrap-token';
  readonly granteeName: string;
  /** Of the service account; 0 for callers that the configuration names. */
  readonly id: number;
  /** The role's. */
  readonly uid: string;
  readonly title: string;
  readonly actions: readonly Action[];
}

/** Grafana's `CustomPermissionsRecordDTO`: what means nothing here is there with its zero value. */
export interface CustomPermissionResponse {
  readonly id: number;
  readonly uid: string;
  readonly title: string;
  readonly slug: '';
  readonly url: '';
  readonly isFolder: false;
  readonly granteeType: CustomPermission['granteeType'];
  readonly granteeName: string;
  readonly granteeUrl: '';
  /** Licensing actions, in the order of {@link ACTIONS}. */
  readonly customPermissions: string;
  readonly orgId: 0;
  readonly orgRole: '';
  readonly usersCount: 0;
}

/** Those of licensing, its reports and usage. */
export const LICENSING_ACTIONS: readonly Action[] = ACTIONS.filter((action) => /^licensing[.:]/.test(action));

export function customPermissionResponse({ actions, ...known }: CustomPermission): CustomPermissionResponse {
  return {
    id: known.id,
    uid: known.uid,
    title: known.title,
    slug: '',
    url: '',
    isFolder: false,
    granteeType: known.granteeType,
    granteeName: known.granteeName,
    granteeUrl: '',
    customPermissions: LICENSING_ACTIONS.filter((action) => actions.includes(action)).join(', '),
    orgId: 0,
    orgRole: '',
    usersCount: 0,
  };
}

/** The same with the names of the members in the first line. */
export function customPermissionsCsv(permissions: readonly CustomPermission[]): string {
  // The caller of nothing is there for its names alone.
  const none = { granteeType: 'user', granteeName: '', id: 0, uid: '', title: '', actions: [] } as const;
  const columns = Object.keys(customPermissionResponse(none));
  const rows = permissions.map((permission) =>
    Object.values<string | number | boolean>({ ...customPermissionResponse(permission) }).map(String),
  );
  return csvLines([columns, ...rows]);
}
