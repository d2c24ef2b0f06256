import type { IncomingMessage } from 'node:http';
import proxyAddress from 'proxy-addr';
import { peerAddress } from './client-address.js';

/** Headers by which proxies say whom they speak for. Only the first is ever believed. */
const HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip'] as const;

/** What to do about it: for the log, where limits by client hit a proxy's clients together. */
export const UNNAMED_PROXY_HINT =
  'this request says that a proxy passed it on, and TRUST_PROXY does not name its address: all clients of a proxy that ' +
  'is not named count as one';

/** Whether a request says that a proxy passed it on which the operator has not named. */
export type FromUnnamedProxy = (request: IncomingMessage) => boolean;

/**
 * Tells requests that come by a proxy which is not among these. A client can make the header up, so this is a
 * hint for the operator and decides nothing.
 *
 * @param proxies - addresses, CIDR ranges, `loopback`, `linklocal` or `uniquelocal`
 */
export function fromUnnamedProxy(proxies: readonly string[]): FromUnnamedProxy {
  const isNamed = proxyAddress.compile([...proxies]);
  return (request) =>
    HEADERS.some((name) => request.headers[name] !== undefined) && !isNamed(peerAddress(request), 0);
}
