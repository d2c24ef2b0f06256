import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, type Environment } from '../../src/config/environment.js';
import { loadServiceConfig, SERVICE_SETTINGS } from '../../src/config/service-config.js';
import { CertificateAuthority, selfSigned } from '../support/certificates.js';

const TOKEN = '0123456789abcdefghijklmnopqrstuv';

/** The faults of an environment; none when it can be used. */
function faultsOf(environment: Environment): readonly string[] {
  try {
    loadServiceConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('The configuration', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-config-'));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  function file(content: string | Buffer): string {
    const path = join(directory, `secret-${Math.random()}`);
    writeFileSync(path, content);
    return path;
  }

  describe('of an empty environment', () => {
    it.each([
      ['PORT', '3000'],
      ['HOST', '127.0.0.1'],
      ['ROOT_URL', 'http://localhost:3000/'],
      ['DATABASE_URL', 'pglite://./data/pglite'],
      ['DATABASE_POLL_MS', '500'],
      ['DATABASE_MIGRATIONS', 'run'],
      ['ISSUER_URL', 'https://grafana.com'],
      ['ISSUER_ALLOW_INSECURE_HTTP', 'false'],
      ['ISSUER_TIMEOUT_MS', '8000'],
      ['LICENSE_PRODUCTS', 'grafana-enterprise'],
      ['ACCESS_STALE_SECONDS', '86400'],
      ['RATE_LIMIT_WRITES_PER_MINUTE', '60'],
      ['RATE_LIMIT_FAILURES_PER_MINUTE', '1000'],
      ['RATE_LIMIT_ALL_FAILURES_PER_MINUTE', '10000'],
      ['MAX_REQUESTS_IN_WORK', '2048'],
      ['MAX_CONNECTIONS', '4000'],
      ['MAX_SERVICE_ACCOUNTS', '1000'],
      ['MAX_CUSTOM_ROLES', '500'],
      ['MAX_TOKENS_PER_ACCOUNT', '100'],
      ['LOG_LEVEL', 'info'],
    ])('has %s at %s', (name, value) => {
      expect(SERVICE_SETTINGS[name as 'PORT'].fallback).toBe(value);
      expect(loadServiceConfig({})).toEqual(loadServiceConfig({ [name]: value }));
    });

    it('has no secrets, and no setting besides these and those that are optional', () => {
      const optional = Object.entries(SERVICE_SETTINGS).filter(([, { fallback }]) => fallback === undefined);
      expect(optional.map(([name]) => name).sort()).toEqual([
        'ACCESS_PROVISIONING_PATH',
        'ADMINISTRATORS',
        'ADMIN_PASSWORD',
        'ADMIN_USER',
        'AUDIT_SIGNING_KEY',
        'AUTO_REFRESH_LICENSE',
        'BOOTSTRAP_TOKEN',
        'DATABASE_CA_PATH',
        'ISSUER_CA_PATH',
        'ISSUER_ID',
        'ISSUER_JWKS_PATH',
        'ISSUER_JWKS_URL',
        'ISSUER_PROXY_URL',
        'ISSUER_RENEW_URL',
        'LICENSE_ENCRYPTION_KEY',
        'LICENSE_PATH',
        'LICENSE_TEXT',
        'RATE_LIMIT_ALL_WRITES_PER_MINUTE',
        'TRUST_PROXY',
        'USAGE_HASH_KEY',
        'USAGE_OWN_LIMIT',
      ]);
    });

    it('is this one', () => {
      expect(loadServiceConfig({})).toEqual({
        listen: { host: '127.0.0.1', port: 3000 },
        logLevel: 'info',
        database: {
          location: { kind: 'embedded', directory: resolve('data/pglite') },
          migrations: 'run',
          pollMs: 500,
        },
        rootUrl: { canonical: 'http://localhost:3000/' },
        products: ['grafana-enterprise'],
        sources: { path: undefined, text: undefined },
        licenseEncryption: { encryptsWith: undefined, keys: [] },
        requireAcknowledge: false,
        issuer: {
          id: 'https://grafana.com',
          renewUrl: undefined,
          autoRefresh: false,
          keys: { kind: 'none' },
          trustedCas: undefined,
          proxy: undefined,
          timeoutMs: 8_000,
        },
        access: {
          administrator: undefined,
          users: [],
          bootstrapToken: undefined,
          staleSeconds: 86_400,
          writesPerMinute: 60,
          allWritesPerMinute: 600,
          failuresPerMinute: 1_000,
          allFailuresPerMinute: 10_000,
          maxInWork: 2_048,
          maxAccounts: 1_000,
          provisioningPath: undefined,
          maxRoles: 500,
          maxTokensPerAccount: 100,
        },
        http: { trustedProxies: [], maxConnections: 4_000, keepAliveSeconds: 125, subPath: '' },
        ui: true,
        usage: {
          hashKey: undefined,
          ownLimit: undefined,
          warnPercent: [80, 90, 100],
          sessionIdleSeconds: 3600,
          report: 'auto',
        },
        audit: { signingKey: undefined, retentionDays: 730 },
      });
    });

    it('is that of an environment whose variables are all empty', () => {
      const empty = Object.fromEntries(
        Object.keys(SERVICE_SETTINGS).flatMap((name) => [
          [name, ''],
          [`${name}_FILE`, ''],
        ]),
      );
      expect(loadServiceConfig(empty)).toEqual(loadServiceConfig({}));
    });
  });

  describe('of how often the database is asked', () => {
    it.each([
      ['1000', '2', []],
      ['1001', '2', ['DATABASE_POLL_MS must be at most half of ACCESS_STALE_SECONDS']],
      ['500', '1', []],
    ])('may be %s ms where known callers are let in for %s s: %j', (poll, stale, faults) => {
      expect(faultsOf({ DATABASE_POLL_MS: poll, ACCESS_STALE_SECONDS: stale })).toEqual(faults);
    });
  });

  describe('of warnings about seats', () => {
    it.each(['80', '1,1000', '80, 90 ,100'])('takes %j', (levels) => {
      const { warnPercent } = loadServiceConfig({ USAGE_WARN_PERCENT: levels }).usage;
      expect(warnPercent.join()).toBe(levels.replaceAll(' ', ''));
    });

    it.each(['0', '80,', '90,80', '80,80', '1001', 'x', '1,2,3,4,5,6,7,8,9,10,11'])(
      'refuses %j',
      (levels) => {
        expect(() => loadServiceConfig({ USAGE_WARN_PERCENT: levels })).toThrow('USAGE_WARN_PERCENT');
      },
    );
  });

  describe('of renewal without being asked', () => {
    it.each([
      [{}, false],
      [{ ISSUER_RENEW_URL: 'https://gateway.example.com/renew' }, true],
      [{ ISSUER_URL: 'https://issuer.example.com' }, true],
      [{ ISSUER_URL: 'https://issuer.example.com', AUTO_REFRESH_LICENSE: 'false' }, false],
    ])('is, with %j, on: %s', (environment, on) => {
      expect(loadServiceConfig(environment).issuer.autoRefresh).toBe(on);
    });

    it('cannot be on without a renewal address', () => {
      expect(() => loadServiceConfig({ AUTO_REFRESH_LICENSE: 'true' })).toThrow(
        'AUTO_REFRESH_LICENSE is true',
      );
    });
  });

  describe('of the issuer', () => {
    it('never calls grafana.com, which does not speak the protocol, unless an address says so', () => {
      expect(loadServiceConfig({ ISSUER_URL: 'https://grafana.com/' }).issuer).toMatchObject({
        id: 'https://grafana.com',
        renewUrl: undefined,
        keys: { kind: 'none' },
      });
      const told = loadServiceConfig({
        ISSUER_RENEW_URL: 'https://proxy.example/renew',
        ISSUER_JWKS_URL: 'https://proxy.example/keys',
      }).issuer;
      expect(told.renewUrl?.href).toBe('https://proxy.example/renew');
      expect(told.keys).toEqual({ kind: 'url', url: new URL('https://proxy.example/keys') });
    });

    it.each(['https://issuer.example/base', 'https://issuer.example/base/', 'https://issuer.example/base//'])(
      'has both addresses below %s, and its id without the slash at the end',
      (ISSUER_URL) => {
        const { id, renewUrl, keys } = loadServiceConfig({ ISSUER_URL }).issuer;
        expect(id).toBe('https://issuer.example/base');
        expect(renewUrl?.href).toBe('https://issuer.example/base/v1/licenses/renew');
        expect(keys).toEqual({
          kind: 'url',
          url: new URL('https://issuer.example/base/.well-known/jwks.json'),
        });
      },
    );

    it('takes an id as it is, and keys from a file instead of an address', () => {
      const { id, keys } = loadServiceConfig({
        ISSUER_URL: 'https://issuer.example',
        ISSUER_ID: 'https://grafana.com/',
        ISSUER_JWKS_PATH: 'keys.json',
      }).issuer;
      expect(id).toBe('https://grafana.com/');
      expect(keys).toEqual({ kind: 'file', path: resolve('keys.json') });
    });

    it('refuses plain http wherever something would be called, unless that is allowed', () => {
      const fault = (name: string) => [
        `${name} is plain http: use https, or set ISSUER_ALLOW_INSECURE_HTTP=true`,
      ];
      for (const [name, environment] of [
        ['ISSUER_URL', { ISSUER_URL: 'http://issuer.example' }],
        ['ISSUER_RENEW_URL', { ISSUER_RENEW_URL: 'http://issuer.example/renew' }],
        ['ISSUER_JWKS_URL', { ISSUER_JWKS_URL: 'http://issuer.example/keys' }],
      ] as const) {
        expect(faultsOf(environment)).toEqual(fault(name));
        expect(faultsOf({ ...environment, ISSUER_ALLOW_INSECURE_HTTP: 'true' })).toEqual([]);
      }
      expect(faultsOf({ ISSUER_URL: 'http://grafana.com' })).toEqual([]);
    });

    it('has one sentence for a host of a newer Unicode, where this release of Node cannot call it', () => {
      const ISSUER_URL = 'https://a\u0897.example/';
      const isRead = URL.canParse('https://xn--a-nnd.example/');
      const faults = isRead ? [] : ['ISSUER_URL has a host that this release of Node cannot read'];
      expect(faultsOf({ ISSUER_URL })).toEqual(faults);
    });

    it('has one source of keys', () => {
      expect(faultsOf({ ISSUER_JWKS_PATH: 'a', ISSUER_JWKS_URL: 'https://a/' })).toEqual([
        'ISSUER_JWKS_PATH and ISSUER_JWKS_URL are both set: set one',
      ]);
    });
  });

  describe('of who may call', () => {
    it('has an administrator and a bootstrap token', () => {
      const { access } = loadServiceConfig({
        ADMIN_USER: 'admin',
        ADMIN_PASSWORD: 'long enough!',
        BOOTSTRAP_TOKEN: TOKEN,
      });
      expect(access.administrator).toEqual({ name: 'admin', password: 'long enough!' });
      expect(access.bootstrapToken).toBe(TOKEN);
    });

    it.each([
      ['31 characters', TOKEN.slice(1)],
      ['a space', `${TOKEN} x`],
      ['a letter beyond ASCII', `${TOKEN}é`],
      ['1025 characters', 'x'.repeat(1025)],
    ])('has no bootstrap token with %s', (_, BOOTSTRAP_TOKEN) => {
      expect(faultsOf({ BOOTSTRAP_TOKEN })).toEqual([
        'BOOTSTRAP_TOKEN must have 32 to 1024 printable ASCII characters and no space',
      ]);
    });

    it.each([
      ['11 characters', 'x'.repeat(11), 'ADMIN_PASSWORD must have 12 to 1024 characters'],
      ['1025 characters', 'x'.repeat(1025), 'ADMIN_PASSWORD must have 12 to 1024 characters'],
      [
        'a control character',
        'long enough\0!',
        'ADMIN_PASSWORD must not have an invisible character: U+0000 inside',
      ],
      [
        'white space alone',
        ' '.repeat(12),
        'ADMIN_PASSWORD must have 12 characters besides the white space around it',
      ],
      ['the name', 'administrator', 'ADMIN_PASSWORD must not be the name of the administrator'],
    ])('has no password with %s', (_, ADMIN_PASSWORD, fault) => {
      expect(faultsOf({ ADMIN_USER: 'administrator', ADMIN_PASSWORD })).toEqual([fault]);
    });

    it('has name and password together', () => {
      const fault = 'ADMIN_USER and ADMIN_PASSWORD belong together: set both or neither';
      expect(faultsOf({ ADMIN_USER: 'admin' })).toEqual([fault]);
      expect(faultsOf({ ADMIN_PASSWORD: 'long enough!' })).toEqual([fault]);
      expect(faultsOf({ ADMIN_USER: 'a:b', ADMIN_PASSWORD: 'long enough!' })).toEqual([
        'ADMIN_USER must have 1 to 190 characters and no colon',
      ]);
    });
  });

  it('names every fault at once, one line each, in any order', () => {
    const environment = {
      PORT: '65536',
      HOST: '',
      ROOT_URL: 'ftp://x',
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      DATABASE_MIGRATIONS: 'maybe',
      ISSUER_URL: 'https://user:hunter2@issuer.example',
      ISSUER_ALLOW_INSECURE_HTTP: 'yes',
      ISSUER_TIMEOUT_MS: '0',
      LICENSE_PRODUCTS: 'a,,b',
      ADMIN_USER: 'a:b',
      ADMIN_PASSWORD: 'hunter2',
      BOOTSTRAP_TOKEN: 'hunter2',
      ACCESS_STALE_SECONDS: '1e3',
      RATE_LIMIT_WRITES_PER_MINUTE: '-1',
      LOG_LEVEL: 'loud',
    };
    const faults = faultsOf(environment);
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(
      Object.keys(environment)
        .filter((name) => name !== 'HOST')
        .sort(),
    );
    expect(() => loadServiceConfig(environment)).toThrow(
      ['The configuration cannot be used:', ...faults.map((fault) => `  - ${fault}`)].join('\n'),
    );
    expect(faults.join('\n')).not.toMatch(/hunter2|65536|ftp|loud/);
  });

  it('names faults between settings beside those of other settings, but not those that a fault would only repeat', () => {
    expect(
      faultsOf({
        PORT: 'x',
        ADMIN_USER: 'admin',
        ISSUER_URL: 'http://issuer.example',
        ISSUER_TIMEOUT_MS: '0',
      }),
    ).toEqual([
      'PORT must be a whole number from 0 to 65535',
      'ISSUER_TIMEOUT_MS must be a whole number from 1 to 60000',
      'ADMIN_USER and ADMIN_PASSWORD belong together: set both or neither',
      'ISSUER_URL is plain http: use https, or set ISSUER_ALLOW_INSECURE_HTTP=true',
    ]);
    expect(
      faultsOf({
        ADMIN_PASSWORD: 'short',
        ISSUER_URL: 'http://issuer.example',
        ISSUER_ALLOW_INSECURE_HTTP: 'yes',
      }),
    ).toEqual([
      'ISSUER_ALLOW_INSECURE_HTTP must be true or false',
      'ADMIN_PASSWORD must have 12 to 1024 characters',
    ]);
  });

  it.each([
    ['PORT', ['0', '1', '65535'], ['-1', '65536', '3000.0', '3e3', '0x10', ' 3000', '3000 ', 'http', '٣']],
    ['DATABASE_POLL_MS', ['100', '3600000'], ['99', '3600001', '1s']],
    ['ISSUER_TIMEOUT_MS', ['1', '60000'], ['0', '60001', '8s']],
    ['ACCESS_STALE_SECONDS', ['1', '31536000'], ['0', '31536001']],
    ['RATE_LIMIT_WRITES_PER_MINUTE', ['1', '1000000'], ['0', '1000001']],
    ['RATE_LIMIT_ALL_WRITES_PER_MINUTE', ['1', '10000000'], ['0', '10000001']],
    ['RATE_LIMIT_FAILURES_PER_MINUTE', ['1', '1000000'], ['0', '1000001']],
    ['RATE_LIMIT_ALL_FAILURES_PER_MINUTE', ['1', '1000000'], ['0', '1000001']],
    ['MAX_REQUESTS_IN_WORK', ['2', '10000'], ['1', '10001']],
    ['MAX_CONNECTIONS', ['10', '65535'], ['9', '65536']],
    ['MAX_SERVICE_ACCOUNTS', ['1', '10000'], ['0', '10001']],
    ['MAX_CUSTOM_ROLES', ['1', '10000'], ['0', '10001']],
    ['MAX_TOKENS_PER_ACCOUNT', ['1', '1000'], ['0', '1001']],
    [
      'TRUST_PROXY',
      [
        '10.0.0.1',
        '10.0.0.0/8, ::1',
        'loopback,uniquelocal,linklocal',
        '2001:db8::/32',
        '::/1',
        '::ffff:10.0.0.1',
      ],
      [
        'true',
        '1',
        '*',
        '0.0.0.0/0',
        '::/0',
        '10.0.0.0/33',
        '::/129',
        'proxy.example',
        '127.1',
        '10.0.0.1,',
        'all',
      ],
    ],
    ['ISSUER_ALLOW_INSECURE_HTTP', ['true', 'false'], ['TRUE', '1', 'yes', 'on']],
    ['DATABASE_MIGRATIONS', ['run', 'check'], ['RUN', 'none']],
    ['LOG_LEVEL', ['silent', 'trace', 'fatal'], ['INFO', 'verbose']],
    ['LICENSE_PRODUCTS', ['a', 'a, b'], [',', 'a,', ' ']],
    [
      'DATABASE_URL',
      ['postgres://u:p@h/d', 'postgresql://h/d', 'pglite://./data', 'pglite:///data', 'pglite://memory'],
      ['postgres://', 'pglite://', 'pglite', 'sqlite://x', './data', 'pglite://a\0'],
    ],
    [
      'ISSUER_PROXY_URL',
      [
        'http://proxy.example.com:3128',
        'https://proxy.example.com/',
        'http://user:pass@10.0.0.1:8080',
        'http://DOMAIN%5Cuser:p%40ss%3A@[::1]:3128',
        'http://user@proxy',
        // Read by every release of Node alike, though its own parsers differ.
        'http://a\u0897.example:3128',
      ],
      [
        'proxy.example.com:3128',
        'socks5://proxy:1080',
        'http://',
        'http://proxy/path',
        'http://proxy/?q',
        'http://proxy/#f',
        'http://proxy:65536',
        'http://pro xy',
        'http://proxy\\x',
        'http://xn--a:3128',
        'http://us%3Aer:pass@proxy',
        'http://user:100%@proxy',
        'http://user:a%0Ab@proxy',
      ],
    ],
    [
      'ROOT_URL',
      ['https://play.grafana.org/', 'http://h', 'http://h:8080/a/b'],
      [
        'h',
        '//h',
        'http://u:p@h/',
        'http://h/?q',
        'http://h/#f',
        'http://*.h/',
        'http://h/ ',
        'javascript:x',
      ],
    ],
  ] as const)('takes %s from %j, and not from %j', (name, right, wrong) => {
    for (const value of right) expect([value, faultsOf({ [name]: value })]).toEqual([value, []]);
    for (const value of wrong) {
      expect([value, faultsOf({ [name]: value })]).toEqual([value, [expect.stringMatching(`^${name} `)]]);
    }
  });

  describe('of a proxy', () => {
    it.each([
      ['http://proxy', { secure: false, host: 'proxy', port: 80, authorization: undefined }],
      ['https://proxy', { secure: true, host: 'proxy', port: 443, authorization: undefined }],
      ['http://[::1]:3128/', { secure: false, host: '::1', port: 3128, authorization: undefined }],
    ])('takes %s apart', (value, expected) => {
      expect(loadServiceConfig({ ISSUER_PROXY_URL: value }).issuer.proxy).toEqual(expected);
    });

    it.each([
      ['http://user:pass@proxy', 'user:pass'],
      ['http://user@proxy', 'user:'],
      ['http://:pass@proxy', ':pass'],
      ['http://DOMAIN%5Cm%C3%BCller:p%40ss:w%25rd@proxy', 'DOMAIN\\müller:p@ss:w%rd'],
    ])('makes credentials of %s', (value, expected) => {
      const { authorization } = loadServiceConfig({ ISSUER_PROXY_URL: value }).issuer.proxy ?? {};
      expect(authorization).toBe(`Basic ${Buffer.from(expected).toString('base64')}`);
    });
  });

  describe('of authorities', () => {
    const [one, two] = [new CertificateAuthority().cert, new CertificateAuthority().cert];
    const read = (path: string) => loadServiceConfig({ ISSUER_CA_PATH: path }).issuer.trustedCas;

    it('has each certificate of the file, with any text around them', () => {
      const path = file(`# ours\n${one}subject=CN\r\n${two.replaceAll('\n', '\r\n')}the end`);
      const { certificates = [] } = read(path) ?? {};
      expect(certificates.map((pem) => new X509Certificate(pem).fingerprint256)).toEqual(
        [one, two].map((pem) => new X509Certificate(pem).fingerprint256),
      );
      expect(read(path)?.path).toBe(path);
    });

    it.each<[string, () => string, string]>([
      [
        'is missing',
        () => join(directory, 'missing.pem'),
        'names a file that cannot be used: there is no such file',
      ],
      ['is a directory', () => directory, 'names a file that cannot be used: it is a directory'],
      ['is empty', () => file(''), 'names a file without a certificate (PEM)'],
      ['has a private key alone', () => file(selfSigned().key), 'names a file without a certificate (PEM)'],
      ['is not PEM', () => file('\x30\x82\x01'), 'names a file without a certificate (PEM)'],
      ['is cut', () => file(one.slice(0, -30)), 'names a file without a certificate (PEM)'],
      [
        'has a broken certificate beside a good one',
        () => file(one + two.replace(/MI/, 'AA')),
        'names a file with a certificate that is broken',
      ],
    ])('cannot be used when the file %s', (_, make, fault) => {
      expect(faultsOf({ ISSUER_CA_PATH: make() })).toEqual([`ISSUER_CA_PATH ${fault}`]);
    });
  });

  describe('of any setting', () => {
    const VERBATIM = ['LICENSE_TEXT', 'ADMINISTRATORS'];
    const INVISIBLE = [
      ...[
        '\0',
        '\t',
        '\x7f',
        '\x85',
        '\xa0',
        '\xad',
        '\u034f',
        '\u061c',
        '\u115f',
        '\u180e',
        '\u2003',
        '\u200d',
      ],
      ...['\u2028', '\u202e', '\u2060', '\u2800', '\u3000', '\u3164', '\ud800', '\ufe0f', '\ufeff', '\ufffd'],
      ...['\u{e0020}', '\u{1d173}'],
    ];

    it('has a fault for each character that nobody sees', () => {
      for (const name of Object.keys(SERVICE_SETTINGS).filter((each) => !VERBATIM.includes(each))) {
        for (const character of INVISIBLE) {
          const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
          expect(faultsOf({ [name]: `x${character}` })).toContain(
            `${name} must not have an invisible character: U+${code} at its end`,
          );
        }
      }
    });

    it('is the text as it is where its reader judges it', () => {
      expect(loadServiceConfig({ LICENSE_TEXT: '\ufeffa.b.c\n' }).sources.text).toBe('\ufeffa.b.c\n');
    });

    it('takes every character that is seen', () => {
      const ADMIN_PASSWORD = 'pässwörd ∀ 密码 🔑 …!';
      expect(loadServiceConfig({ ADMIN_USER: 'a', ADMIN_PASSWORD }).access.administrator?.password).toBe(
        ADMIN_PASSWORD,
      );
    });

    it.each(['ISSUER_JWKS_PATH', 'LICENSE_PATH', 'ISSUER_CA_PATH'])(
      'has no quotes around a path: %s',
      (name) => {
        for (const quote of ['"', "'"]) {
          expect(faultsOf({ [name]: `${quote}/etc/file${quote}` })).toEqual([
            `${name} must be a path without quotes around it`,
          ]);
        }
      },
    );
  });

  describe('of the address to listen on', () => {
    it.each(['127.0.0.1', '0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'a.example.', 'my_host', 'x'])(
      'may be %s',
      (HOST) => {
        expect(loadServiceConfig({ HOST }).listen.host).toBe(HOST);
      },
    );

    it.each([
      ['[::]', 'must be an address without brackets, such as :: or ::1'],
      ['[::1]', 'must be an address without brackets, such as :: or ::1'],
      ...[
        '127.0.0.1:3000',
        'localhost:3000',
        'http://localhost',
        '256.0.0.1',
        '1.2.3',
        '*',
        'a b',
        '"localhost"',
        '-a',
        'a..b',
        ':::',
      ].map((each) => [each, 'must be an IP address or a name of this machine, without a port']),
    ])('cannot be %s', (HOST, fault) => {
      expect(faultsOf({ HOST })).toEqual([`HOST ${fault}`]);
    });
  });

  describe('of a secret', () => {
    const SECRETS = [
      ...[
        'DATABASE_URL',
        'ADMIN_PASSWORD',
        'ADMINISTRATORS',
        'BOOTSTRAP_TOKEN',
        'ISSUER_PROXY_URL',
        'USAGE_HASH_KEY',
        'AUDIT_SIGNING_KEY',
        'LICENSE_ENCRYPTION_KEY',
      ],
    ];

    it('is one of these settings', () => {
      const secrets = Object.entries(SERVICE_SETTINGS).filter(([, { secret }]) => secret);
      expect(secrets.map(([name]) => name).sort()).toEqual([...SECRETS].sort());
    });

    it('may be a file of lines: the administrators, each fault with its line', () => {
      const hash = `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'B'.repeat(42)}A`;
      const users = (text: string) => loadServiceConfig({ ADMINISTRATORS_FILE: file(text) }).access.users;
      expect(users(`# a comment\n\nada:${hash}\r\neve lyn: ${hash}\n`).map(({ name }) => name)).toEqual([
        'ada',
        'eve lyn',
      ]);
      const faults = (text: string, rest = {}) => faultsOf({ ADMINISTRATORS: text, ...rest });
      expect(faults('# none\n')).toEqual(['ADMINISTRATORS must have a line name:hash']);
      expect(faults(`ada:${hash}\n\nada:${hash}`)).toEqual([
        'ADMINISTRATORS line 3: its name is there already',
      ]);
      for (const line of [hash, `:${hash}`, ` ada:${hash}`, `${'a'.repeat(191)}:${hash}`])
        expect(faults(line)).toEqual([
          'ADMINISTRATORS line 1: must be name:hash, with a name of 1 to 190 characters',
        ]);
      expect(faults(`ada:${hash}\nl\u200bn:${hash}`)).toEqual([
        'ADMINISTRATORS line 2: must not have an invisible character: U+200B inside',
      ]);
      // The fault does not repeat what may be a password.
      expect(faults('ada:correct horse battery')).toEqual([
        'ADMINISTRATORS line 1: must have a hash that `licentia hash-password` has printed behind the colon',
      ]);
      expect(faults(`ada:${hash}`, { ADMIN_USER: 'ada', ADMIN_PASSWORD: 'long enough!' })).toEqual([
        'ADMINISTRATORS must not have the name of ADMIN_USER',
      ]);
    });

    it.each(['', '\n', '\r\n'])('comes from a file as well, without the line end %j', (end) => {
      const config = loadServiceConfig({
        ADMIN_USER: 'admin',
        ADMIN_PASSWORD_FILE: file(` pass word pass ${end}`),
        BOOTSTRAP_TOKEN_FILE: file(`${TOKEN}${end}`),
        DATABASE_URL_FILE: file(`postgres://u:p@h/d${end}`),
      });
      expect(config.access.administrator?.password).toBe(' pass word pass ');
      expect(config.access.bootstrapToken).toBe(TOKEN);
      expect(config.database.location).toMatchObject({ kind: 'postgres', url: 'postgres://u:p@h/d' });
    });

    it.each([
      ['two line ends', `${TOKEN}\n\n`, 'must not have an invisible character: U+000A at its end'],
      ['a line end of old Macs', `${TOKEN}\r`, 'must not have an invisible character: U+000D at its end'],
      [
        'a zero-width space before it',
        `\u200b${TOKEN}`,
        'must not have an invisible character: U+200B at its beginning',
      ],
      [
        'a second byte order mark',
        `\ufeff\ufeff${TOKEN}`,
        'must not have an invisible character: U+FEFF at its beginning',
      ],
      [
        'a no-break space inside',
        `${TOKEN}\u00a0${TOKEN}`,
        'must not have an invisible character: U+00A0 inside',
      ],
      ['a tag behind it', `${TOKEN}\u{e0041}`, 'must not have an invisible character: U+E0041 at its end'],
    ])('has its fault named by the code point: %s', (_, content, fault) => {
      expect(faultsOf({ BOOTSTRAP_TOKEN_FILE: file(content) })).toEqual([
        `BOOTSTRAP_TOKEN ${fault} in the file of BOOTSTRAP_TOKEN_FILE`,
      ]);
    });

    it('comes without the byte order mark and the line end of an editor', () => {
      const { access } = loadServiceConfig({ BOOTSTRAP_TOKEN_FILE: file(`\ufeff${TOKEN}\r\n`) });
      expect(access.bootstrapToken).toBe(TOKEN);
    });

    it.each([
      ['UTF-16', Buffer.from(`\ufeff${TOKEN}`, 'utf16le'), 'it is UTF-16: save it as UTF-8'],
      ['Latin-1', Buffer.from('pässword pass', 'latin1'), 'it is no UTF-8: save it as UTF-8'],
      ['large', Buffer.alloc(16 * 1024 + 1, 'a'), 'it has more than 16 KiB'],
    ])('cannot be read from a file that is %s', (_, content, reason) => {
      expect(faultsOf({ BOOTSTRAP_TOKEN_FILE: file(content) })).toEqual([
        `BOOTSTRAP_TOKEN cannot be read from BOOTSTRAP_TOKEN_FILE: ${reason}`,
      ]);
    });

    it('cannot be read from a pipe, and nothing waits for its writer', () => {
      const pipe = join(directory, 'pipe');
      execFileSync('mkfifo', [pipe]);
      expect(faultsOf({ BOOTSTRAP_TOKEN_FILE: pipe, ISSUER_CA_PATH: pipe })).toEqual([
        'ISSUER_CA_PATH names a file that cannot be used: it is no regular file',
        'BOOTSTRAP_TOKEN cannot be read from BOOTSTRAP_TOKEN_FILE: it is no regular file',
      ]);
    });

    it('has no quotes around the name of its file', () => {
      expect(faultsOf({ BOOTSTRAP_TOKEN_FILE: `"${file(TOKEN)}"` })).toEqual([
        'BOOTSTRAP_TOKEN cannot be read from BOOTSTRAP_TOKEN_FILE: must be a path without quotes around it',
      ]);
    });

    it('is given once', () => {
      expect(faultsOf({ BOOTSTRAP_TOKEN: TOKEN, BOOTSTRAP_TOKEN_FILE: file(TOKEN) })).toEqual([
        'BOOTSTRAP_TOKEN and BOOTSTRAP_TOKEN_FILE are both set: set one',
      ]);
    });

    it('says which file cannot be read, and why, without its path', () => {
      const path = join(directory, 'missing');
      expect(
        faultsOf({ BOOTSTRAP_TOKEN_FILE: path, ADMIN_PASSWORD_FILE: directory, ADMIN_USER: 'a' }),
      ).toEqual([
        'ADMIN_PASSWORD cannot be read from ADMIN_PASSWORD_FILE: it is a directory',
        'BOOTSTRAP_TOKEN cannot be read from BOOTSTRAP_TOKEN_FILE: there is no such file',
      ]);
    });

    it('is a fault where the file is empty, as one that is half written is', () => {
      for (const content of ['', '\n', '\r\n', '\ufeff']) {
        const environment = Object.fromEntries(SECRETS.map((name) => [`${name}_FILE`, file(content)]));
        expect([...faultsOf(environment)].sort()).toEqual(
          SECRETS.map(
            (name) =>
              `${name} cannot be read from ${name}_FILE: it is empty: write the secret into it, or unset ${name}_FILE`,
          ).sort(),
        );
      }
    });

    it('alone can come from a file', () => {
      expect(loadServiceConfig({ PORT_FILE: file('4000') }).listen.port).toBe(3000);
    });

    it('is never repeated in a message', () => {
      const secret = 'hunter2 é';
      for (const name of SECRETS) {
        for (const environment of [{ [name]: secret }, { [`${name}_FILE`]: file(secret) }]) {
          const text = faultsOf(environment).join();
          expect(text).toMatch(`${name} `);
          expect(text).not.toContain('hunter');
        }
      }
    });
  });

  it('cannot be changed, at any depth', () => {
    const config = loadServiceConfig({ ADMIN_USER: 'admin', ADMIN_PASSWORD: 'long enough!' });
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null || value instanceof URL) return;
      expect([path, Object.isFrozen(value)]).toEqual([path, true]);
      for (const [name, member] of Object.entries(value)) walk(member, `${path}.${name}`);
    };
    walk(config, 'config');
    expect(() => ((config.access as { bootstrapToken?: string }).bootstrapToken = TOKEN)).toThrow(TypeError);
  });
});
