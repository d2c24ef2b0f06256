import { MAX_ISSUER_TIMEOUT_MS, REQUEST_ARRIVAL_MS, requestDeadlineMs } from '../domain/request-deadline.js';

/**
 * The least time without any movement after which a connection is closed, milliseconds: a client that does not read
 * its answer has no other time-out. It is longer than any request may take, so that a slow request is answered.
 */
const SILENCE_MS = requestDeadlineMs(MAX_ISSUER_TIMEOUT_MS) + 9_000;

/** The time-outs of a server's connections, by Node's names: milliseconds. */
export interface ConnectionTimes {
  /** From the end of an answer to the next request. */
  readonly keepAliveTimeout: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeout: number;
  /** From the first byte of a request to its end. */
  readonly requestTimeout: number;
  /** No data moved, in any state of the connection. */
  readonly timeout: number;
}

/**
 * The time-outs that go with a keep-alive time. Those of a request begin with its first byte, so they may be shorter
 * than the keep-alive time. The one for silence may not: a stray line end after a request starts it too.
 *
 * @param keepAliveSeconds - how long a connection may wait for its next request
 */
export function connectionTimes(keepAliveSeconds: number): ConnectionTimes {
  const keepAliveTimeout = keepAliveSeconds * 1000;
  return {
    keepAliveTimeout,
    headersTimeout: 5_000,
    requestTimeout: REQUEST_ARRIVAL_MS,
    timeout: Math.max(SILENCE_MS, keepAliveTimeout),
  };
}
