import type { Action } from './actions.js';

/** Who makes a request, once that is known. */
export interface Caller {
  /** Names the caller in audit records, logs and limits: `service-account:7`, `administrator:admin`, `bootstrap`. */
  readonly id: string;
  /** What people call it; a service account's name. */
  readonly name: string;
  readonly actions: ReadonlySet<Action>;
  /** Holds every action, those of later releases too. */
  readonly unlimited?: boolean;
  /** Actions of the account that this token does not give, as its maker did not hold them. */
  readonly withheld?: ReadonlySet<Action>;
}

/** What the database knows of a service account's token. */
export interface KnownToken {
  readonly tokenId: number;
  readonly caller: Caller;
  /** Unix milliseconds; `expires <= now` is expired. */
  readonly expiresAt: number | undefined;
  readonly revoked: boolean;
  /** The account is disabled: none of its tokens counts. */
  readonly disabled: boolean;
}
