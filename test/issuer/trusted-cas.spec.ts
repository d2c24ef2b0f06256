import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type CertificateFile, readCertificateFile } from '../../src/config/certificate-file.js';
import { issuerAgents } from '../../src/issuer/guarded-agent.js';
import { TrustedCas } from '../../src/issuer/trusted-cas.js';
import { CertificateAuthority } from '../support/certificates.js';

describe('The authorities for the issuer', () => {
  const [one, two] = [new CertificateAuthority(), new CertificateAuthority()];
  let directory: string;
  let path: string;
  let file: CertificateFile;
  let parsed: number;
  let warnings: unknown[];
  let trustedCas: TrustedCas;

  const counted: typeof readCertificateFile = (...given) => {
    parsed += 1;
    return readCertificateFile(...given);
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-authorities-'));
    path = join(directory, 'ca.pem');
    await writeFile(path, one.cert);
    file = readCertificateFile(path);
    parsed = 0;
    warnings = [];
    trustedCas = new TrustedCas(file, (error) => warnings.push(error), counted);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('are parsed once for many connections, and once more when the file changed', async () => {
    const first = await trustedCas.context();
    for (let connection = 0; connection < 20; connection += 1) {
      expect(await trustedCas.context()).toBe(first);
    }
    expect(parsed).toBe(1);
    await writeFile(path, two.cert);
    const second = await trustedCas.context();
    expect(second).not.toBe(first);
    expect(await trustedCas.context()).toBe(second);
    expect(parsed).toBe(2);
    expect(warnings).toEqual([]);
  });

  it('stay while the file is broken, is too large or is missing, with one warning and no parsing each time', async () => {
    const first = await trustedCas.context();
    await writeFile(path, `${one.cert}${two.cert.replace(/MI/, 'AA')}`);
    for (let connection = 0; connection < 5; connection += 1) {
      expect(await trustedCas.context()).toBe(first);
    }
    expect(parsed).toBe(2);
    await writeFile(path, 'x'.repeat(2 * 1024 * 1024));
    expect(await trustedCas.context()).toBe(first);
    await rm(path);
    expect(await trustedCas.context()).toBe(first);
    expect(warnings).toHaveLength(1);
    expect(parsed).toBe(2);
    await writeFile(path, one.cert);
    expect(await trustedCas.context()).toBe(first);
    await rm(path);
    await trustedCas.context();
    expect(warnings).toHaveLength(2);
    await writeFile(path, two.cert);
    expect(await trustedCas.context()).not.toBe(first);
  });

  it('are the new ones alone for the next connection after a rotation', async () => {
    const { cert, key } = two.issue({ names: ['localhost'] });
    const server: Server = createServer({ cert, key }, (_, response) => response.end('here'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { httpsAgent } = issuerAgents({ proxy: undefined, trustedCas: file }, () => undefined);
    const { port } = server.address() as AddressInfo;
    const call = async () =>
      new Promise((resolve) => {
        get({ host: 'localhost', port, agent: httpsAgent }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on('error', ({ name }) => resolve(name));
      });
    try {
      expect(await call()).toBe('HandshakeError');
      await writeFile(path, two.cert);
      expect(await call()).toBe(200);
      await writeFile(path, one.cert);
      expect(await call()).toBe('HandshakeError');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('let a certificate with thousands of names say no more than a line of the log holds', async () => {
    const names = Array.from({ length: 2_000 }, (_, number) => `${number}.elsewhere.example.com`);
    const server = createServer(two.issue({ names })).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await writeFile(path, two.cert);
    const { httpsAgent } = issuerAgents({ proxy: undefined, trustedCas: file }, () => undefined);
    const { port } = server.address() as AddressInfo;
    try {
      const error = await new Promise<Error>((resolve) => {
        get({ host: 'localhost', port, agent: httpsAgent }).on('error', resolve);
      });
      expect(error.message).toMatch(/altnames: Host: localhost\./);
      expect(inspect(error).length).toBeLessThan(3_000);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
