import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { issuerAgents } from '../../src/issuer/guarded-agent.js';
import { ForbiddenAddressError, isForbiddenAddress } from '../../src/issuer/guarded-connection.js';

const agents = issuerAgents({ proxy: undefined, trustedCas: undefined }, () => undefined);

describe('A call to an issuer', () => {
  let server: Server;

  beforeAll(async () => {
    server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(async () => {
    server.close();
    await once(server, 'close');
  });

  /** Calls a host of any spelling; URLs would rewrite some of them. @returns the status, or the error */
  async function call(host: string): Promise<unknown> {
    return new Promise((resolve) => {
      try {
        const { port } = server.address() as AddressInfo;
        const request = get({ host, port, agent: agents.httpAgent, timeout: 5_000 });
        request.on('error', resolve);
        request.on('response', (response: IncomingMessage) => {
          response.resume();
          resolve(response.statusCode);
        });
      } catch (error) {
        resolve(error);
      }
    });
  }

  it.each(['127.0.0.1', 'localhost'])(
    'reaches %s: an operator may have an issuer next door',
    async (host) => {
      expect(await call(host)).toBe(200);
    },
  );

  it.each([
    '169.254.169.254',
    '0.0.0.0',
    '100.100.100.200',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'fd00:ec2::254',
  ])('is not made to %s', async (host) => {
    expect(await call(host)).toBeInstanceOf(ForbiddenAddressError);
  });

  // Resolvers read these as addresses: names that lead to a forbidden one, without a name server.
  it.each(['0', '0x0', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.16689662'])(
    'is not made to a name that leads to a forbidden address: %s',
    async (host) => {
      expect(await call(host)).toBeInstanceOf(ForbiddenAddressError);
    },
  );

  it.each([
    ['::ffff:169.254.169.254', true],
    ['::ffff:0.0.0.0', true],
    ['::169.254.169.254', true],
    ['64:ff9b::169.254.169.254', true],
    ['2002:a9fe:a9fe::1', true],
    ['febf::1', true],
    ['ff02::1', true],
    ['169.253.255.255', false],
    ['169.255.0.0', false],
    ['10.0.0.1', false],
    ['192.168.1.1', false],
    ['172.16.0.1', false],
    ['127.0.0.1', false],
    ['::1', false],
    ['::ffff:10.0.0.1', false],
    ['fd12:3456::1', false],
    ['2001:db8::1', false],
    ['100.100.100.201', false],
  ])('knows of %s whether it is forbidden: %s', (address, forbidden) => {
    expect(isForbiddenAddress(address)).toBe(forbidden);
  });
});
