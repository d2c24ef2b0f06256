import { lookup } from 'node:dns';
import { BlockList, connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { withoutInvisible } from '../domain/invisible-character.js';

/** How long a connection may take to stand, and how long its handshake, milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;

/** So much is repeated of why TLS was not established: a certificate may have thousands of names. Characters. */
const MAX_REASON = 300;

/** A name led to an address that no issuer has. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
  readonly code = 'FORBIDDEN_ADDRESS';

  constructor() {
    super('the address is link-local, unspecified, multicast or a metadata service');
  }
}

/** A step on the way did not come to its end in time. */
export class ConnectTimeoutError extends Error {
  override readonly name = 'ConnectTimeoutError';
  readonly code = 'CONNECT_TIMEOUT';

  constructor(what: string, milliseconds: number) {
    super(`no ${what} within ${milliseconds} ms`);
  }
}

/** TLS was not established, for any reason: a certificate, a version, a connection that was cut. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
  readonly code: string;

  /** Without the error of Node, which has the whole certificate. */
  constructor({ message, code = 'FAILED' }: Error & { code?: string }) {
    super(withoutInvisible(message.slice(0, MAX_REASON)));
    this.code = `TLS_${code}`;
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

/** A literal address is never looked up. @throws ForbiddenAddressError */
export function assertAllowedLiteral(host: string): void {
  if (isIP(host) !== 0 && isForbiddenAddress(host)) throw new ForbiddenAddressError();
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

/**
 * A connection to a host, which may be a name or an address.
 * @throws ForbiddenAddressError, ConnectTimeoutError, and what sockets and resolvers throw
 */
export async function connectTo(host: string, port: number): Promise<Socket> {
  assertAllowedLiteral(host);
  const socket = connect({ host, port, lookup: guardedLookup });
  await waitFor(socket, 'connect', new ConnectTimeoutError('connection', CONNECT_TIMEOUT_MS));
  return socket;
}

/** Who is expected at the other end, and who may vouch for that. */
export interface Peer {
  readonly host: string;
  /** Nothing for those whom Node trusts. */
  readonly context: SecureContext | undefined;
}

/**
 * Starts TLS on an open connection.
 * @throws HandshakeError, ConnectTimeoutError
 */
export async function secure(socket: Socket, { host, context }: Peer): Promise<TLSSocket> {
  const secured = connectTls({
    socket,
    host,
    servername: servernameOf(host),
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    ...(context === undefined ? {} : { secureContext: context }),
  });
  const late = new ConnectTimeoutError('TLS', CONNECT_TIMEOUT_MS);
  try {
    await waitFor(secured, 'secureConnect', late);
  } catch (error) {
    socket.destroy();
    throw error === late ? late : new HandshakeError(error as Error);
  }
  return secured;
}

/** The name to ask for (RFC 6066, section 3): none for an address. */
function servernameOf(host: string): string {
  return isIP(host) === 0 ? host : '';
}

/** Waits until a socket is connected; else destroys it and throws what went wrong. */
async function waitFor(socket: Socket, event: 'connect' | 'secureConnect', late: Error): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(late), CONNECT_TIMEOUT_MS);
    const failed = (error: Error) => {
      done(() => reject(error));
      // Later errors of the socket have no listener any more.
      socket.on('error', () => undefined).destroy();
    };
    const closed = () => failed(Object.assign(new Error('the other side closed'), { code: 'CLOSED' }));
    const done = (answer: () => void) => {
      clearTimeout(timer);
      socket.off('error', failed).off('close', closed).off(event, ready);
      answer();
    };
    const ready = () => done(resolve);
    socket.once('error', failed).once('close', closed).once(event, ready);
  });
}
