import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from 'proxy-addr';

/** The first six groups of IPv6 addresses that stand for IPv4: mapped ones, and those of translators. */
const MAPPED = '0:0:0:0:0:ffff';
const TRANSLATED: ReadonlySet<string> = new Set(['64:ff9b:0:0:0:0', '0:0:0:0:ffff:0']);

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
 * itself, also where a translator writes it as IPv6 (RFC 6052, section 2.1; RFC 2765, section 2.1).
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const groups = groupsOf(address.replace(/%.*$/, ''));
  const isTranslated = TRANSLATED.has(groups.slice(0, 6).join(':'));
  return isTranslated ? dotted(groups.slice(6)) : `${groups.slice(0, 4).join(':')}::/64`;
}

/** The address of the connection, IPv4 in its own form. */
export function peerAddress({ socket }: IncomingMessage): string {
  const address = socket.remoteAddress ?? '';
  return plainAddress(address) ?? address;
}

/**
 * The address of an entry, which some proxies write with a port; IPv4 in its own form, IPv6 without its zone.
 * Undefined for anything else.
 */
function plainAddress(entry: string): string | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(entry) ?? [];
  const zoned = bracketed ?? dotted ?? entry;
  if (isIP(zoned) === 0) return undefined;
  const address = zoned.replace(/%.*$/, '');
  return mappedAddress(address) ?? address;
}

/** The IPv4 address that an IPv6 address stands for (RFC 4291, section 2.5.5.2), in any of its spellings. */
function mappedAddress(address: string): string | undefined {
  const plain = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1];
  if (plain !== undefined || !/^[0:]*:ffff:/i.test(address)) return plain;
  const groups = groupsOf(address);
  return groups.slice(0, 6).join(':') === MAPPED ? dotted(groups.slice(6)) : undefined;
}

/** @param address - IPv6 without a zone. @returns its eight groups, hexadecimal and without leading zeros */
function groupsOf(address: string): string[] {
  const [before = '', after] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const [left, right] = [before, after ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const [given, rest] = [left ?? [], right ?? []];
  return [...given, ...Array.from({ length: 8 - given.length - rest.length }, () => '0'), ...rest];
}

/** @param groups - the last two of an IPv6 address */
function dotted(groups: readonly string[]): string {
  const bits = groups.map((group) => Number.parseInt(group, 16));
  return bits.flatMap((group) => [group >> 8, group & 255]).join('.');
}
