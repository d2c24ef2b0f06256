import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { clientAddress, networkOf } from '../../src/http/client-address.js';

/** What is read of a request: where its connection comes from, and the header. */
function request(remoteAddress: string | undefined, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
}

describe('The address of a client', () => {
  it('is the address of the connection where no proxy is trusted, with any header', () => {
    const clientOf = clientAddress([]);
    expect(clientOf(request('192.0.2.1', '198.51.100.7'))).toBe('192.0.2.1');
    expect(clientOf(request('::ffff:192.0.2.1'))).toBe('192.0.2.1');
    expect(clientOf(request(undefined))).toBe('');
  });

  it.each([
    ['one proxy', '10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['two proxies', '10.0.0.1', '198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['entries of the client himself', '10.0.0.1', '10.0.0.9, 1.1.1.1, 198.51.100.7', '198.51.100.7'],
    ['a connection that is no proxy', '192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['proxies alone', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['a proxy by its mapped address', '::ffff:10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['a client by his mapped address', '10.0.0.1', '::ffff:198.51.100.7', '198.51.100.7'],
    ['a client by his mapped address in groups', '10.0.0.1', '::ffff:c633:6407', '198.51.100.7'],
    ['the same with zeros', '10.0.0.1', '0:0::0:FFFF:c633:6407', '198.51.100.7'],
    ['a mapped address with a port', '10.0.0.1', '[::ffff:c633:6407]:443', '198.51.100.7'],
    ['a proxy by its mapped address in groups', '10.0.0.1', '198.51.100.7, ::ffff:a00:2', '198.51.100.7'],
    ['an address that only looks mapped', '10.0.0.1', '::ffff:0:c633:6407', '::ffff:0:c633:6407'],
    ['a mapped address with a zone', '10.0.0.1', '::ffff:198.51.100.7%1', '198.51.100.7'],
    ['the same in groups, with a port', '10.0.0.1', '[0:0:0:0:0:ffff:c633:6407%a]:80', '198.51.100.7'],
    ['an IPv6 client with a zone', '10.0.0.1', 'fe80::1%eth0', 'fe80::1'],
    ['a client with a port', '10.0.0.1', '198.51.100.7:50123', '198.51.100.7'],
    ['an IPv6 client with a port', '10.0.0.1', '[2001:db8::1]:50123', '2001:db8::1'],
    ['a proxy with a port', '10.0.0.1', '198.51.100.7, 10.0.0.2:443', '198.51.100.7'],
    ['a word', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['a word before a proxy', '10.0.0.1', 'unknown, 10.0.0.2', '10.0.0.2'],
    ['a host name', '10.0.0.1', 'client.example', '10.0.0.1'],
    ['an address in another notation', '10.0.0.1', '0x7f.1', '10.0.0.1'],
    ['an address that is too long', '10.0.0.1', '1.2.3.4.5', '10.0.0.1'],
    ['16 KiB of nonsense', '10.0.0.1', 'x'.repeat(16_000), '10.0.0.1'],
    ['8,000 entries', '10.0.0.1', `${'1,'.repeat(8_000)}198.51.100.7`, '198.51.100.7'],
    ['nothing but commas', '10.0.0.1', ',,,,', '10.0.0.1'],
  ])('behind 10.0.0.0/24 is found with %s', (_, peer, forwarded, expected) => {
    expect(clientAddress(['10.0.0.0/24'])(request(peer, forwarded))).toBe(expected);
  });

  it('is found in every header, with any content', () => {
    const entry = fc.stringMatching(/^[[\]0-9a-fA-F:.%x, ]{0,30}$/);
    const groups = fc.array(fc.constantFrom('0', 'ffff', 'FFFF', '1.2.3.4', '', '%1', ':', '64', 'ff9b'), {
      maxLength: 9,
    });
    const clientOf = clientAddress(['10.0.0.0/24', 'uniquelocal']);
    fc.assert(
      fc.property(
        fc.oneof(
          entry,
          groups.map((all) => all.join(':')),
          groups.map((all) => `::ffff:${all.join('')}`),
        ),
        (forwarded) => {
          expect(isIP(clientOf(request('10.0.0.1', forwarded)))).not.toBe(0);
          networkOf(clientOf(request('10.0.0.1', forwarded)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('knows ranges by their names', () => {
    const clientOf = clientAddress(['loopback', 'uniquelocal']);
    expect(clientOf(request('127.0.0.1', '198.51.100.7, fd00::1, 192.168.7.7'))).toBe('198.51.100.7');
    expect(clientOf(request('::1', '169.254.0.1'))).toBe('169.254.0.1');
  });
});

describe('What a limit counts by', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['1:2:3:4::', '1:2:3:4::/64'],
    ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::1.2.3.4', '1.2.3.4'],
    ['64:ff9b::102:304', '1.2.3.4'],
    ['64:ff9b:1::1.2.3.4', '64:ff9b:1:0::/64'],
    ['::ffff:0:1.2.3.4', '1.2.3.4'],
    ['', ''],
  ])('is for %s the network %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
