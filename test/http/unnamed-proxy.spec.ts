import type { IncomingMessage } from 'node:http';
import { fromUnnamedProxy } from '../../src/http/unnamed-proxy.js';

/** What is read of a request: where its connection comes from, and its headers. */
function request(remoteAddress: string | undefined, headers: Record<string, string>): IncomingMessage {
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
}

const FORWARDED = { 'x-forwarded-for': '198.51.100.7' };

describe('A request that says that a proxy passed it on', () => {
  it.each<[string, string[], string | undefined, Record<string, string>, boolean]>([
    ['without named proxies', [], '10.0.0.1', FORWARDED, true],
    ['with an empty header', [], '10.0.0.1', { 'x-forwarded-for': '' }, true],
    ['in the words of RFC 7239', [], '10.0.0.1', { forwarded: 'for=198.51.100.7' }, true],
    ['by X-Real-IP', [], '10.0.0.1', { 'x-real-ip': '198.51.100.7' }, true],
    ['from a proxy of another address', ['10.0.0.0/24'], '10.0.1.1', FORWARDED, true],
    ['from a proxy that is named', ['10.0.0.0/24'], '10.0.0.1', FORWARDED, false],
    ['from one that is named, by its mapped address', ['10.0.0.0/24'], '::ffff:10.0.0.1', FORWARDED, false],
    ['from one that is named, by X-Real-IP', ['loopback'], '127.0.0.1', { 'x-real-ip': '::1' }, false],
    ['over a connection that is gone', [], undefined, FORWARDED, true],
    ['not at all', [], '10.0.0.1', { host: 'a', via: '1.1 proxy' }, false],
  ])('%s', (_, proxies, peer, headers, expected) => {
    expect(fromUnnamedProxy(proxies)(request(peer, headers))).toBe(expected);
  });
});
