import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadIssuerServerConfig } from '../../src/config/issuer-server-config.js';
import type { ConfigError } from '../../src/config/environment.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { CertificateAuthority } from '../support/certificates.js';

const ENCODED = /special characters of user and password must be percent-encoded/;

describe('The address of a PostgreSQL server', () => {
  let directory: string;
  let ca: string;
  const authority = new CertificateAuthority();

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-tls-'));
    ca = join(directory, 'ca.pem');
    writeFileSync(ca, authority.cert);
  });

  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  const locationOf = (DATABASE_URL: string, DATABASE_CA_PATH?: string) =>
    loadServiceConfig({ DATABASE_URL, DATABASE_CA_PATH }).database.location;
  const faultOf = (DATABASE_URL: string, DATABASE_CA_PATH?: string) => {
    for (const load of [loadServiceConfig, loadIssuerServerConfig]) {
      try {
        load({ DATABASE_URL, DATABASE_CA_PATH });
      } catch (error) {
        const { faults } = error as ConfigError;
        expect(faults).toHaveLength(1);
        if (load === loadIssuerServerConfig) return faults[0];
        continue;
      }
      return undefined;
    }
    return undefined;
  };

  it('takes the address that a host of databases gives, less what is for other clients', () => {
    const given =
      'postgres://u:p@h/d?sslmode=require&channel_binding=require&connect_timeout=5&options=-c%20x%3D1';
    expect(faultOf(given)).toBeUndefined();
    expect(locationOf(given)).toMatchObject({ url: 'postgres://u:p@h/d?options=-c%20x%3D1' });
  });

  it.each([
    'postgres://u@h/d',
    'postgresql://u:p@h:5432/d',
    'postgres://h/d',
    'postgres://u:p%40%2F%23%3F%25%20@h/d',
    'postgres://u:p!$&*()_+=;~^|{}<>@h/d',
    'postgres://u:p@[::1]:5432/d',
    'postgres://u@/d?host=/run/postgresql',
    'postgres:///d?host=%2Frun%2Fpostgresql&user=u',
    'postgres://%2Frun%2Fpostgresql/d',
    'postgres://u@h/d?application_name=x&options=-c%20geqo%3Doff',
    'postgres://u@h',
  ])('is taken as it is: %s', (url) => {
    expect(locationOf(url)).toMatchObject({ kind: 'postgres', url, tls: undefined });
  });

  it.each([
    ['postgres://u:p@ss@h/d', ENCODED],
    ['postgres://u:pass/word@h/d', ENCODED],
    ['postgres://u:12/word@h/d', ENCODED],
    ['postgres://u:12#word@h/d', ENCODED],
    ['postgres://u:12?word@h/d', ENCODED],
    ['postgres://u:100%@h/d', ENCODED],
    ['postgres://u:p w@h/d', ENCODED],
    ['postgres://u:p@h/d ', /must not have a space at its beginning or end/],
    [' postgres://u:p@h/d', /must not have a space at its beginning or end/],
    ['postgres://u:p@a,b/d', /must name one host/],
    ['postgres://u:p@a:5432,b:5433/d', /must name one host/],
    ['postgres://u@/d?host=a,b', /must name one host/],
    ['postgres://u@/d?host=/run/a,/run/b&port=5432,5433', /must name one host/],
    ['postgres://u@/d', /host=\/directory for a socket/],
    ['postgres://u@h/d?schema=x', /parameter schema, which is not known: .*search_path/],
    ['postgres://u@h/d?target_session_attrs=read-write', /leads to the primary/],
    ['postgres://u@h/d?statement_timeout=5', /parameter statement_timeout, which is not known: leave it out/],
    ['postgres://u@h/d?hunter2=1', /a parameter that is not known; known are host, /],
    ['postgres://u@h/d?host=a&host=b', /has the parameter host twice/],
    ['postgres://u@h/d?sslmode=prefer', /must not have allow or prefer as sslmode/],
    ['postgres://u@h/d?sslmode=allow', /must not have allow or prefer as sslmode/],
    ['postgres://u@h/d?sslmode=hunter2', /must have one of these as sslmode: disable, require, /],
    ['postgres://u@h/d?sslmode=verify-ca', /set DATABASE_CA_PATH/],
    ['postgres://u@h/d?ssl=maybe', /must have true or false as ssl/],
    ['postgres://u@h/d?ssl=true&sslmode=require', /keep sslmode/],
    ['postgres://u@h/d?sslrootcert=/no/such/file', /sslrootcert that names .*there is no such file/],
    ['postgres://u@h/d?sslcert=/no/such/file', /sslcert and sslkey together/],
    [
      'postgres://u@h/d?sslcert=/no/such&sslkey=/no/such',
      /sslcert that cannot be used: there is no such file/,
    ],
    ['mysql://u:hunter2@h/d', /must be postgres:\/\//],
  ])('says how to write it: %s', (url, fault) => {
    expect(faultOf(url)).toMatch(fault);
    expect(faultOf(url)).toMatch(/^DATABASE_URL /);
    expect(faultOf(url)).not.toMatch(/hunter2|12|100/);
  });

  it.each<[string, boolean, object | false | undefined]>([
    ['', false, undefined],
    ['?sslmode=disable', false, false],
    ['?ssl=false', false, false],
    ['?sslmode=require', false, { rejectUnauthorized: true }],
    ['?sslmode=verify-full', false, { rejectUnauthorized: true }],
    ['?ssl=true', false, { rejectUnauthorized: true }],
    ['?sslmode=verify-full&sslrootcert=system', false, { rejectUnauthorized: true }],
    ['?sslmode=no-verify', false, { rejectUnauthorized: false }],
    ['', true, { rejectUnauthorized: true, ca: true }],
    ['?sslmode=require', true, { rejectUnauthorized: true, ca: true }],
    ['?sslmode=verify-full', true, { rejectUnauthorized: true, ca: true }],
    [
      '?sslmode=verify-ca',
      true,
      { rejectUnauthorized: true, ca: true, checkServerIdentity: expect.any(Function) },
    ],
    ['?sslmode=no-verify', true, { rejectUnauthorized: false, ca: true }],
  ])('protects with "%s" and authorities: %s', (query, withCa, tls) => {
    const expected = tls && 'ca' in tls ? { ...tls, ca: [authority.cert.trim()] } : tls;
    expect(locationOf(`postgres://u@h/d${query}`, withCa ? ca : undefined)).toMatchObject({
      kind: 'postgres',
      url: 'postgres://u@h/d',
      tls: expected,
    });
  });

  it.each(['require', 'verify-ca', 'verify-full', 'no-verify'])(
    'does not go without TLS where PGSSLMODE=%s asks for it: the address has to say so',
    (PGSSLMODE) => {
      const faultsOf = (DATABASE_URL: string) => {
        try {
          return loadServiceConfig({ DATABASE_URL, PGSSLMODE });
        } catch (error) {
          return (error as ConfigError).faults;
        }
      };
      expect(faultsOf('postgres://u@h/d')).toEqual([
        'PGSSLMODE asks for TLS and is not read: write sslmode into DATABASE_URL',
      ]);
      for (const other of [
        'postgres://u@h/d?sslmode=disable',
        'postgres://u@h/d?sslmode=require',
        'pglite://memory',
      ]) {
        expect(faultsOf(other)).not.toBeInstanceOf(Array);
      }
    },
  );

  it('keeps what is not about TLS', () => {
    const location = locationOf(
      `postgres://u@h/d?options=-c%20a&sslmode=require&host=%2Frun&sslrootcert=${ca}`,
    );
    expect(location).toMatchObject({ url: 'postgres://u@h/d?options=-c%20a&host=%2Frun' });
  });

  it('has authorities only where they count', () => {
    expect(faultOf('postgres://u@h/d?sslmode=disable', ca)).toMatch(/has no TLS, as sslmode is disable/);
    expect(faultOf(`postgres://u@h/d?sslrootcert=${ca}`, ca)).toMatch(/keep DATABASE_CA_PATH/);
    expect(faultOf('pglite://memory', ca)).toMatch(
      /embedded database, which has no use for DATABASE_CA_PATH/,
    );
    expect(faultOf('postgres://u@h/d', join(directory, 'missing'))).toMatch(/^DATABASE_CA_PATH names a file/);
  });
});
