/** What a change is of: nothing, the license, a session, or custom roles and service accounts with roles and tokens. */
export type Changed =
  false | 'license' | 'session' | { readonly accounts?: readonly number[]; readonly roles?: boolean };

/** The result of `SnapshotService.change`. Other accounts than it names are not read again, on any replica. */
export interface Change<T> {
  readonly changed: Changed;
  readonly value: T;
}
