import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { AUTHORITY_SETTINGS, loadAuthorityConfig } from '../../src/config/authority-config.js';
import type { Environment, Settings } from '../../src/config/environment.js';
import { loadServiceConfig, SERVICE_SETTINGS } from '../../src/config/service-config.js';

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
}

const root = new URL('../../', import.meta.url);
const compose = parse(readFileSync(new URL('docker-compose.yml', root), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<'postgres' | 'licentia' | 'issuer', Service>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
};
const demo = readFileSync(new URL('deploy/demo.env', root), 'utf8');

/** The names that a program reads. */
function namesOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]));
}

/** What compose makes of `${NAME:-default}` with these variables. */
function interpolated(environment: Environment, variables: Environment = {}): Environment {
  return Object.fromEntries(
    Object.entries(environment).map(([name, text]) => [
      name,
      String(text).replace(
        /\$\{(\w+):-([^}]*)\}/g,
        (_, variable: string, fallback: string) => variables[variable] || fallback,
      ),
    ]),
  );
}

/** Secret files as the containers would see them. */
function withSecrets(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      if (name === 'DATABASE_URL_FILE')
        return ['DATABASE_URL', 'postgres://licentia:secret@postgres:5432/licentia'];
      return name.endsWith('_FILE') ? [name.replace('_FILE', ''), 'a-secret-of-some-length'] : [name, value];
    }),
  );
}

describe('docker-compose.yml', () => {
  const { postgres, licentia, issuer } = compose.services;

  it('sets nothing that the service or the issuer would not read', () => {
    expect(
      Object.keys(licentia.environment).filter((name) => !namesOf(SERVICE_SETTINGS).includes(name)),
    ).toEqual([]);
    expect(
      Object.keys(issuer.environment).filter((name) => !namesOf(AUTHORITY_SETTINGS).includes(name)),
    ).toEqual([]);
  });

  it('gives the service a configuration that it accepts, as it is and in the demo profile', () => {
    const plain = loadServiceConfig(withSecrets(interpolated(licentia.environment)));
    expect(plain.issuer.renewUrl).toBeUndefined();
    const variables = Object.fromEntries(
      demo
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .map((line) => line.split('=', 2) as [string, string]),
    );
    const config = loadServiceConfig(withSecrets(interpolated(licentia.environment, variables)));
    const authority = loadAuthorityConfig(interpolated(issuer.environment, variables));
    expect(config.issuer.renewUrl?.href).toBe('http://issuer:3001/v1/licenses/renew');
    expect(config.issuer.id).toBe(authority.issuerId);
  });

  it('has no secret in its text or in an environment, but in files that exist as secrets', () => {
    for (const { environment, secrets = [] } of [postgres, licentia]) {
      const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
      expect(files.map(([, path]) => path).sort()).toEqual(
        secrets.map((name) => `/run/secrets/${name}`).sort(),
      );
      expect(Object.keys(environment).filter((name) => /PASSWORD$|TOKEN$/.test(name))).toEqual([]);
      for (const name of secrets) expect(compose.secrets[name]?.file).toBe(`./secrets/${name}`);
    }
  });

  it('gives nothing as a file that the image has as a plain value: both at once are a fault', () => {
    const dockerfile = readFileSync(new URL('Dockerfile', root), 'utf8');
    const image = [...dockerfile.matchAll(/^(?:ENV| {4})\s*(\w+)=/gm)].map(([, name]) => name);
    expect(image).toContain('HOST');
    for (const name of image) expect(Object.keys(licentia.environment)).not.toContain(`${name}_FILE`);
  });

  it('waits for health, and runs ours read-only and without capabilities', () => {
    expect(licentia.depends_on?.postgres?.condition).toBe('service_healthy');
    for (const service of Object.values(compose.services)) expect(service.healthcheck?.test[0]).toBe('CMD');
    for (const service of [licentia, issuer])
      expect([service.read_only, service.cap_drop]).toEqual([true, ['ALL']]);
    expect([issuer.profiles, issuer.command]).toEqual([['demo'], ['dist/authority/main.js']]);
  });
});
