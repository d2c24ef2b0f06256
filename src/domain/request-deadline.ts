/** The longest time-out for a call to the issuer that can be configured, milliseconds. */
export const MAX_ISSUER_TIMEOUT_MS = 60_000;

/**
 * How much longer the lease of a renewal lasts than its call to the issuer, milliseconds: storing the answer
 * takes time.
 */
export const LEASE_RESERVE_MS = 7_000;

/** How long a request may take to arrive, from its first byte to the end of its body, milliseconds. */
export const REQUEST_ARRIVAL_MS = 10_000;

/** How long a write may wait for the writes before it, milliseconds. */
export const MAX_WRITE_QUEUE_MS = 8_000;

/** How long a transaction may wait for its connection (2 s) and the answer to a statement (4 s), milliseconds. */
const DATABASE_MS = 6_000;

/**
 * The longest time that a request which comes to an end can need. A renewal may follow the call of a replica
 * that dies: it waits until that lease has expired, and then makes a call of its own.
 *
 * @param issuerTimeoutMs - the time-out of one call to the issuer (`ISSUER_TIMEOUT_MS`)
 * @returns milliseconds
 */
export function requestDeadlineMs(issuerTimeoutMs: number): number {
  const lease = issuerTimeoutMs + LEASE_RESERVE_MS;
  return REQUEST_ARRIVAL_MS + MAX_WRITE_QUEUE_MS + DATABASE_MS + lease + issuerTimeoutMs;
}
