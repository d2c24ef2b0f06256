import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { createLogger } from '../../../src/http/logger.js';
import { CertificateAuthority } from '../../support/certificates.js';
import { FakeProxy } from '../../support/fake-proxy.js';
import { newLid } from '../../support/tokens.js';
import { outcome, Stage } from '../licensing/stage.js';

const REPORT = '/api/licensing/renewal';
const authority = new CertificateAuthority();

let directory: string;
let ca: string;
let stage: Stage;
let proxy: FakeProxy | undefined;

/** The renewal's answer with the cause that is reported, after a look that nothing else changed. */
async function inVain(): Promise<[status: number, messageId: string | undefined, cause: string]> {
  const row = await stage.row();
  const reply = await stage.renew();
  expect(await stage.row()).toBe(row);
  expect(await stage.verdict()).toEqual([true, 1]);
  const report = (await stage.service.get(REPORT)).body;
  expect(report.outcome).toBe(reply.body.messageId);
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  return [...outcome(reply), report.cause];
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'licentia-outside-'));
  ca = join(directory, 'ca.pem');
});

afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** A stage for all tests of a `describe`, each of which starts the service as it needs it; the proxy's authority is known. */
function shareLicensedStage(tls: boolean): void {
  beforeAll(async () => {
    stage = await Stage.open({}, { tls });
    await stage.install({ lid: newLid() });
    await writeFile(ca, authority.cert + stage.issuer.ca);
  });

  afterAll(async () => {
    await stage.close();
  });
}

/** Has the service call by this proxy from now on. */
async function goBy(made: FakeProxy, userinfo?: string, logger?: Logger): Promise<void> {
  proxy = made;
  await stage.restart({ ISSUER_PROXY_URL: made.url(userinfo), ISSUER_CA_PATH: ca }, logger);
}

/** A renewal goes through, by the proxy alone. */
async function throughTheProxy(): Promise<void> {
  const asked = stage.issuer.renewals.length;
  expect((await stage.renew()).status).toBe(200);
  expect(stage.issuer.renewals).toHaveLength(asked + 1);
  const { host } = new URL(stage.issuer.url);
  expect(new Set(proxy?.asked.map(({ target }) => target))).toEqual(new Set([host]));
  expect(proxy?.others).toBe(0);
}

describe('A renewal whose issuer cannot be reached', () => {
  shareLicensedStage(false);

  it.each([
    ['has a name that does not exist', 'https://issuer.invalid/renew', 'dns'],
    ['listens nowhere', 'https://127.0.0.1:1/renew', 'connect'],
    ['is a metadata service', 'http://169.254.169.254/renew', 'connect'],
    ['is nowhere', 'http://0.0.0.0:1/renew', 'connect'],
  ])('as it %s comes to nothing, and says why', async (_, address, cause) => {
    await stage.restart({ ISSUER_RENEW_URL: address });
    expect(await inVain()).toEqual([503, 'issuer.unavailable', cause]);
  });

  it('as no issuer has that address is not asked of a proxy either', async () => {
    proxy = await FakeProxy.start();
    const address = 'http://169.254.169.254/renew';
    await stage.restart({ ISSUER_PROXY_URL: proxy.url(), ISSUER_RENEW_URL: address });
    expect(await inVain()).toEqual([503, 'issuer.unavailable', 'connect']);
    expect(proxy.asked.map(({ target }) => target)).not.toContain('169.254.169.254:80');
  });

  it.each(['http', 'https'])(
    'but by a proxy over %s is not: plain http goes through a tunnel too',
    async (by) => {
      await goBy(await FakeProxy.start(by === 'https' ? authority.issue() : undefined));
      await throughTheProxy();
    },
  );
});

describe('An issuer whose certificate is by an authority of its own', () => {
  shareLicensedStage(true);

  it('is not trusted unless ISSUER_CA_PATH says so', async () => {
    expect((await stage.renew()).status).toBe(200);
    await stage.restart({ ISSUER_CA_PATH: '' });
    expect(await inVain()).toEqual([503, 'issuer.unavailable', 'tls']);
  });

  it('is trusted from the next call on after the file changed, and a broken file changes nothing', async () => {
    await writeFile(ca, authority.cert);
    await stage.restart({ ISSUER_CA_PATH: ca });
    expect(await inVain()).toEqual([503, 'issuer.unavailable', 'tls']);
    await writeFile(ca, authority.cert + stage.issuer.ca);
    expect((await stage.renew()).status).toBe(200);
    await writeFile(ca, 'broken');
    expect((await stage.renew()).status).toBe(200);
    await rm(ca);
    expect((await stage.renew()).status).toBe(200);
    await writeFile(ca, authority.cert);
    expect(await inVain()).toEqual([503, 'issuer.unavailable', 'tls']);
  });
});

describe('A renewal through a proxy', () => {
  shareLicensedStage(true);

  it.each(['http', 'https'])('over %s reaches the issuer by a tunnel', async (by) => {
    await goBy(await FakeProxy.start(by === 'https' ? authority.issue() : undefined));
    await throughTheProxy();
  });

  it('tells the proxy where to and nothing else, and the issuer nothing of the proxy', async () => {
    await goBy(await FakeProxy.start(undefined, 'me:p@ss'), 'me:p%40ss');
    stage.issuer.requests.splice(0);
    await throughTheProxy();
    for (const { headers } of proxy?.asked ?? []) {
      expect(Object.keys(headers).sort()).toEqual(['connection', 'host', 'proxy-authorization']);
    }
    for (const { headers } of stage.issuer.requests) {
      expect(Object.keys(headers).filter((name) => name.startsWith('proxy') || name === 'via')).toEqual([]);
    }
  });

  it('has the keys fetched through it as well', async () => {
    await goBy(await FakeProxy.start());
    stage.issuer.rotate(false);
    const asked = stage.issuer.keySetRequests.length;
    await throughTheProxy();
    expect(stage.issuer.keySetRequests.length).toBeGreaterThan(asked);
  });

  const say =
    (text: string) =>
    (client: Duplex): void =>
      void client.end(text);
  const CONSENT = 'HTTP/1.1 200 Connection established\r\n\r\n';

  describe('that does not let it through', () => {
    let shared: FakeProxy;

    beforeAll(async () => {
      shared = await FakeProxy.start();
      await goBy(shared);
      proxy = undefined;
    });

    afterEach(async () => {
      shared.answer();
      // Also for the circuit: it stays closed.
      expect((await stage.renew()).status).toBe(200);
    });

    afterAll(async () => {
      await shared.stop();
    });

    it.each<[string, (client: Duplex) => void]>([
      [
        'wants credentials',
        say('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n'),
      ],
      ['forbids it', say('HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nForbid')],
      ['cannot reach the issuer', say('HTTP/1.1 502 Bad Gateway\r\n\r\n')],
      ['asks to come again', say('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\n\r\n')],
      ['redirects', say('HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example.com/\r\n\r\n')],
      ['answers as an issuer that has revoked', say('HTTP/1.1 410 Gone\r\n\r\n{"code":"license_revoked"}')],
      ['says more than its consent', say(`${CONSENT}HTTP/1.1 409 Conflict\r\n\r\n{"code":"not_due"}`)],
      ['speaks no HTTP', say('SSH-2.0-OpenSSH\r\n')],
      ['ends', (client) => void client.end()],
      ['resets', (client) => void client.destroy()],
      ['is silent', () => undefined],
    ])('as it %s comes to nothing, by the cause "proxy"', async (_, act) => {
      shared.answer(act);
      const asked = stage.issuer.renewals.length;
      expect(await inVain()).toEqual([503, 'issuer.unavailable', 'proxy']);
      expect(stage.issuer.renewals).toHaveLength(asked);
    });

    it('as it cuts the line after its consent is a fault of TLS: who knows whose', async () => {
      shared.answer((client) => void client.write(CONSENT, () => client.destroy()));
      expect(await inVain()).toEqual([503, 'issuer.unavailable', 'tls']);
    });
  });

  it.each([
    'http://127.0.0.1:1',
    'http://nowhere.invalid:3128',
    'http://169.254.169.254',
    'http://0.0.0.0:3128',
    'https://[fe80::1]:3128',
  ])('at %s comes to nothing, by the cause "proxy"', async (address) => {
    await stage.restart({ ISSUER_PROXY_URL: address });
    expect(await inVain()).toEqual([503, 'issuer.unavailable', 'proxy']);
  });

  it('over TLS that cannot be trusted comes to nothing, by the cause "proxy"', async () => {
    proxy = await FakeProxy.start(authority.issue());
    await stage.restart({ ISSUER_PROXY_URL: proxy.url() });
    expect(await inVain()).toEqual([503, 'issuer.unavailable', 'proxy']);
    expect(proxy.asked).toEqual([]);
  });

  it('with wrong credentials comes to nothing, and says nowhere what they were', async () => {
    const lines: string[] = [];
    const logger = createLogger('trace', { write: (line) => void lines.push(line) });
    await goBy(await FakeProxy.start(undefined, 'me:right'), 'me:canary-4711', logger);
    expect(await inVain()).toEqual([503, 'issuer.unavailable', 'proxy']);
    const said = lines.join('') + (await stage.service.get('/metrics')).text;
    expect(said).toContain('407');
    for (const secret of ['canary-4711', Buffer.from('me:canary-4711').toString('base64')]) {
      expect(said).not.toContain(secret);
    }
  });
});
