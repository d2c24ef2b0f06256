/** On whose behalf something happens, as audit records and logs name it. */
export interface Actor {
  /** `service-account:7`, `administrator:admin`, `bootstrap`, or `system` for what nobody asked for. */
  readonly id: string;
  /** The request's id, so that an audit record and a log line find each other; "" outside a request. */
  readonly requestId: string;
  /** The address that the request came from. */
  readonly client?: string;
  /**
   * Asserts that the caller may still do what it asked for; undefined for what no request asked for.
   * @throws ServiceError, AccessDeniedError
   */
  readonly assertStillAllowed?: (() => void) | undefined;
}

/** The actor of changes without a request. */
export const SYSTEM: Actor = { id: 'system', requestId: '' };
