import { lookup } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { BlockList, isIP, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How long a connection may take to stand, milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;

/** An issuer's name led to an address that no issuer has. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
  readonly code = 'FORBIDDEN_ADDRESS';

  constructor() {
    super('the address is link-local, unspecified, multicast or a metadata service');
  }
}

/** The connection did not stand in time. */
export class ConnectTimeoutError extends Error {
  override readonly name = 'ConnectTimeoutError';
  readonly code = 'CONNECT_TIMEOUT';

  constructor() {
    super(`no connection within ${CONNECT_TIMEOUT_MS} ms`);
  }
}

/** Private addresses are not here: an operator's own issuer has one. */
const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('0.0.0.0', 8, 'ipv4');
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
FORBIDDEN.addAddress('100.100.100.200', 'ipv4');
FORBIDDEN.addSubnet('224.0.0.0', 3, 'ipv4');
// IPv4 in other clothes: compatible addresses (but ::1), NAT64 and 6to4 of the link-local ones.
FORBIDDEN.addAddress('::', 'ipv6');
FORBIDDEN.addRange('::2', '::ffff:ffff', 'ipv6');
FORBIDDEN.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
FORBIDDEN.addSubnet('2002:a9fe::', 32, 'ipv6');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6');
FORBIDDEN.addSubnet('ff00::', 8, 'ipv6');

/** Whether nothing may ever be sent to this address. IPv4 in IPv6's clothes counts as IPv4. */
export function isForbiddenAddress(address: string): boolean {
  return FORBIDDEN.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Looks a name up and refuses what must not be called: checked on the very addresses that are then used. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    if (addresses.some(({ address }) => isForbiddenAddress(address))) {
      return callback(new ForbiddenAddressError(), '', 0);
    }
    if (options.all === true) return callback(null, addresses);
    const [first] = addresses;
    return first === undefined
      ? callback(new Error('no address'), '', 0)
      : callback(null, first.address, first.family);
  });
};

const OPTIONS = { lookup: guardedLookup, keepAlive: false };

class GuardedHttpAgent extends HttpAgent {
  override createConnection(...args: Parameters<HttpAgent['createConnection']>) {
    return guarded(args[0], () => super.createConnection(...args), 'connect');
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  override createConnection(...args: Parameters<HttpsAgent['createConnection']>) {
    return guarded(args[0], () => super.createConnection(...args), 'secureConnect');
  }
}

/** The agents for calls to an issuer: no proxy of the environment, checked certificates, checked addresses. */
export const issuerAgents = {
  httpAgent: new GuardedHttpAgent(OPTIONS),
  httpsAgent: new GuardedHttpsAgent({ ...OPTIONS, rejectUnauthorized: true }),
};

function guarded<T extends Duplex | null | undefined>(
  { host }: { host?: string | null | undefined },
  connect: () => T,
  connected: 'connect' | 'secureConnect',
): T {
  const literal = (host ?? '').replace(/^\[|\]$/g, '');
  // A literal address is never looked up.
  if (isIP(literal) !== 0 && isForbiddenAddress(literal)) throw new ForbiddenAddressError();
  const socket = connect() as T & Socket;
  const timer = setTimeout(() => socket.destroy(new ConnectTimeoutError()), CONNECT_TIMEOUT_MS);
  socket.once(connected, () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  return socket;
}
