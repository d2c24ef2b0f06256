import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from 'proxy-addr';

/** Where a request comes from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * Where requests come from behind these proxies: the first address from the right of `X-Forwarded-For` that is not a
 * proxy's. The client can forge what is left of it, so that is ignored. Without proxies the header is not read.
 *
 * @param proxies - addresses, CIDR ranges, `loopback`, `linklocal` or `uniquelocal`
 */
export function clientAddress(proxies: readonly string[]): ClientAddress {
  if (proxies.length === 0) return peerAddress;
  const isProxy = proxyAddress.compile([...proxies]);
  return (request) => {
    const seen = proxyAddress.all(request, (entry, distance) => {
      const address = plainAddress(entry);
      return address !== undefined && isProxy(address, distance);
    });
    // What a proxy passed on may be no address: then the proxy itself is the last one that is known.
    return plainAddress(seen.at(-1) ?? '') ?? plainAddress(seen.at(-2) ?? '') ?? peerAddress(request);
  };
}

/**
 * The key of limits: the /64 network of an IPv6 address, because a client has all of it (RFC 6177); an IPv4 address
 * itself.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const groups = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1).split(':');
  const gap = groups.indexOf('');
  if (gap >= 0) {
    const given = groups.filter((group) => group !== '');
    const before = groups.slice(0, gap).filter((group) => group !== '').length;
    groups.splice(
      0,
      groups.length,
      ...given.slice(0, before),
      ...Array.from({ length: 8 - given.length }, () => '0'),
      ...given.slice(before),
    );
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** The address of the connection, IPv4 in its own form. */
export function peerAddress({ socket }: IncomingMessage): string {
  const address = socket.remoteAddress ?? '';
  return plainAddress(address) ?? address;
}

/** The address of an entry, which some proxies write with a port; IPv4 in its own form. Undefined for anything else. */
function plainAddress(entry: string): string | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(entry) ?? [];
  const address = bracketed ?? dotted ?? entry;
  if (isIP(address) === 0) return undefined;
  return mappedAddress(address) ?? address;
}

/** The IPv4 address that an IPv6 address stands for (RFC 4291, section 2.5.5.2), in any of its spellings. */
function mappedAddress(address: string): string | undefined {
  const plain = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (plain !== undefined || !/^[0:]*:ffff:/i.test(address)) return plain;
  const [, high, low] =
    /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(new URL(`http://[${address}]/`).hostname) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = [high, low].map((group) => Number.parseInt(group, 16));
  return bits.flatMap((group) => [group >> 8, group & 255]).join('.');
}
