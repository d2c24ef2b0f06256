import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ISSUER_SERVER_SETTINGS, loadIssuerServerConfig } from '../../src/config/issuer-server-config.js';
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
  readonly user?: string;
  readonly image: string;
  readonly restart?: string;
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly mem_limit?: string;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
}

const root = new URL('../../', import.meta.url);
const compose = parse(readFileSync(new URL('docker-compose.yml', root), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<'postgres' | 'migrate' | 'licentia' | 'issuer', Service>>;
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
        return ['DATABASE_URL', 'postgres://licentia_service:secret@postgres:5432/licentia'];
      return name.endsWith('_FILE')
        ? [name.replace('_FILE', ''), 'a-secret-of-some-length-0123456789']
        : [name, value];
    }),
  );
}

describe('docker-compose.yml', () => {
  const { postgres, migrate, licentia, issuer } = compose.services;

  it('sets nothing that the service or the issuer would not read', () => {
    expect(
      Object.keys(licentia.environment).filter((name) => !namesOf(SERVICE_SETTINGS).includes(name)),
    ).toEqual([]);
    // `licentia issuer` reads the other one, in the same container.
    expect(
      Object.keys(issuer.environment).filter((name) => !namesOf(ISSUER_SERVER_SETTINGS).includes(name)),
    ).toEqual(['LICENTIA_ISSUER_TOKEN_FILE']);
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
    const issuerServer = loadIssuerServerConfig(withSecrets(interpolated(issuer.environment, variables)));
    expect(config.issuer.renewUrl?.href).toBe('http://issuer:3001/v1/licenses/renew');
    expect(config.issuer.id).toBe(issuerServer.issuerId);
  });

  it('has no secret in its text or in an environment, but in files that exist as secrets', () => {
    for (const { environment, secrets = [] } of [postgres, migrate, licentia, issuer]) {
      const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
      expect([...new Set(files.map(([, path]) => path))].sort()).toEqual(
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

  it('waits for health and for the tables, and locks every container in', () => {
    expect(licentia.depends_on?.postgres?.condition).toBe('service_healthy');
    expect(licentia.depends_on?.migrate?.condition).toBe('service_completed_successfully');
    for (const service of [postgres, licentia, issuer]) expect(service.healthcheck?.test[0]).toBe('CMD');
    for (const { read_only, cap_drop, security_opt, pids_limit, mem_limit } of Object.values(
      compose.services,
    ))
      expect({ read_only, cap_drop, security_opt, pids_limit, mem_limit }).toEqual({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        pids_limit: 256,
        mem_limit: '2g',
      });
    // Without capabilities the image's entry point cannot become this user by itself.
    expect(postgres.user).toBe('70:70');
    expect([issuer.profiles, issuer.command]).toEqual([['demo'], ['dist/issuer-server/main.js']]);
  });

  it('lets the service work as a role that changes no tables, which another one does before', () => {
    expect(licentia.environment.DATABASE_MIGRATIONS).toBe('check');
    expect(licentia.environment.DATABASE_URL_FILE).toBe('/run/secrets/database_url');
    expect([migrate.command, migrate.restart, migrate.environment.DATABASE_URL_FILE]).toEqual([
      ['dist/main.js', '--migrate'],
      'no',
      '/run/secrets/owner_database_url',
    ]);
    expect(licentia.secrets).not.toContain('owner_database_url');
  });

  it('names base images by tag and digest, the same as the Dockerfile, and both can be set', () => {
    const dockerfile = readFileSync(new URL('Dockerfile', root), 'utf8');
    const [, node] = /^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile) ?? [];
    const text = readFileSync(new URL('docker-compose.yml', root), 'utf8');
    const [, composed] = /\$\{NODE_IMAGE:-([^}]+)\}/.exec(text) ?? [];
    const [, database] = /\$\{POSTGRES_IMAGE:-([^}]+)\}/.exec(postgres.image) ?? [];
    expect(composed).toBe(node);
    for (const image of [node, database]) expect(image).toMatch(/^[a-z]+:\d+[\w.-]*@sha256:[0-9a-f]{64}$/);
  });
});
