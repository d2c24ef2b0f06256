import { readdirSync, readFileSync } from 'node:fs';
import { assert, constantFrom, property, string, integer } from 'fast-check';
import { ISSUER_SERVER_SETTINGS } from '../../src/config/issuer-server-config.js';
import { misspelledNames, NAMES_OF_THE_COMMAND } from '../../src/config/misspelled-names.js';
import { SERVICE_SETTINGS } from '../../src/config/service-config.js';
import type { Settings } from '../../src/config/environment.js';

const namesOf = (settings: Settings): string[] =>
  Object.entries(settings).flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]));

const SERVICE_NAMES = namesOf(SERVICE_SETTINGS);
const ALL_NAMES = new Set([...SERVICE_NAMES, ...namesOf(ISSUER_SERVER_SETTINGS)]);
const LONG_NAMES = SERVICE_NAMES.filter((name) => name.length >= 6);

const hintsFor = (name: string, value = 'hunter2'): string[] =>
  misspelledNames(SERVICE_SETTINGS, { [name]: value }, [ISSUER_SERVER_SETTINGS]);

/** Names that others put into the environment of a process. */
const COMMON = {
  shell: `HOME HOSTNAME HOSTTYPE PATH PWD OLDPWD SHELL SHLVL TERM USER LOGNAME MAIL LANG LC_ALL LC_CTYPE TZ EDITOR PAGER
    DISPLAY TMPDIR COLORTERM LS_COLORS HOST host port SUDO_USER SSH_AUTH_SOCK SSH_CONNECTION XDG_RUNTIME_DIR _`,
  systemd: `INVOCATION_ID JOURNAL_STREAM LISTEN_FDS LISTEN_PID MAINPID MANAGERPID NOTIFY_SOCKET SYSTEMD_EXEC_PID
    CREDENTIALS_DIRECTORY RUNTIME_DIRECTORY STATE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY WATCHDOG_USEC`,
  node: `NODE_ENV NODE_OPTIONS NODE_PATH NODE_VERSION NODE_EXTRA_CA_CERTS YARN_VERSION INIT_CWD NODE npm_config_loglevel
    npm_config_user_agent npm_package_name npm_lifecycle_event npm_execpath NO_COLOR FORCE_COLOR DEBUG UV_THREADPOOL_SIZE`,
  proxy:
    'HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy SSL_CERT_FILE SSL_CERT_DIR',
  docker: `container POSTGRES_USER POSTGRES_PASSWORD POSTGRES_PASSWORD_FILE POSTGRES_DB PGDATA PGHOST PGUSER PGPASSWORD
    GOSU_VERSION COMPOSE_PROJECT_NAME DOCKER_HOST DB_PORT DB_PORT_5432_TCP DB_PORT_5432_TCP_ADDR DB_NAME REDIS_URL`,
  kubernetes: `KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT KUBERNETES_SERVICE_PORT_HTTPS KUBERNETES_PORT
    KUBERNETES_PORT_443_TCP KUBERNETES_PORT_443_TCP_PROTO POD_NAME POD_NAMESPACE POD_IP NODE_NAME SERVICE_ACCOUNT
    AWS_REGION AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE GOOGLE_APPLICATION_CREDENTIALS OTEL_EXPORTER_OTLP_ENDPOINT
    OTEL_SERVICE_NAME OTEL_LOG_LEVEL MEMORY_LIMIT GOMAXPROCS`,
  github: `CI GITHUB_ACTIONS GITHUB_TOKEN GITHUB_SERVER_URL GITHUB_API_URL GITHUB_GRAPHQL_URL GITHUB_SHA GITHUB_REF
    GITHUB_WORKSPACE GITHUB_OUTPUT GITHUB_STEP_SUMMARY RUNNER_OS RUNNER_TEMP RUNNER_TOOL_CACHE ACTIONS_RUNTIME_URL
    ACTIONS_RUNTIME_TOKEN ACTIONS_CACHE_URL ACTIONS_ID_TOKEN_REQUEST_URL ImageOS ImageVersion JAVA_HOME ANDROID_HOME`,
  grafana:
    'GF_ENTERPRISE_LICENSE_PATH GF_ENTERPRISE_LICENSE_TEXT GF_SERVER_ROOT_URL GF_LOG_LEVEL GF_DATABASE_URL',
};

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ_';

/** One typing mistake: a letter too many, too few, another one, or two that changed places. */
function mistyped(name: string, kind: number, at: number, letter: string): string {
  const index = at % (name.length - 1);
  const [before, here, rest] = [name.slice(0, index), name.charAt(index), name.slice(index + 1)];
  switch (kind) {
    case 0:
      return before + letter + here + rest;
    case 1:
      return before + rest;
    case 2:
      return before + letter + rest;
    default:
      return before + rest.charAt(0) + here + rest.slice(1);
  }
}

describe('A name of the environment', () => {
  it('that the command reads is known, each of them', () => {
    const folder = new URL('../../src/cli/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const sources = files
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(new URL(path, folder), 'utf8'));
    const read = sources.flatMap((source) => source.match(/\bLICENTIA_[A-Z_]+/g) ?? []);
    expect([...new Set(read)].toSorted()).toEqual([...NAMES_OF_THE_COMMAND].toSorted());
  });

  it('that is one typing mistake away from a longer name of ours is pointed out', () => {
    assert(
      property(
        constantFrom(...LONG_NAMES),
        integer({ min: 0, max: 3 }),
        integer({ min: 0, max: 60 }),
        constantFrom(...LETTERS),
        (name, kind, at, letter) => {
          const typed = mistyped(name, kind, at, letter);
          if (ALL_NAMES.has(typed) || !/^[A-Z]/.test(typed)) return;
          const [hint, ...others] = hintsFor(typed);
          expect([typed, hint]).toEqual([
            typed,
            expect.stringMatching(
              /^\S+ is not read(\. Did you mean \S+\?|: \S+ is no secret, so set \S+ itself\.)$/,
            ),
          ]);
          expect(others).toEqual([]);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['ISSUER_JWKS_PATHS', 'ISSUER_JWKS_PATH'],
    ['ISUER_URL', 'ISSUER_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATBASE_URI', 'DATABASE_URL'],
    ['ISSUER_JWSK_URL', 'ISSUER_JWKS_URL'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['LICENCE_PRODUCTS', 'LICENSE_PRODUCTS'],
    ['licence-product', 'LICENSE_PRODUCTS'],
    ['license.products', 'LICENSE_PRODUCTS'],
    ['Issuer_Url', 'ISSUER_URL'],
    ['issuerUrl', 'ISSUER_URL'],
    ['ISSUER-URL', 'ISSUER_URL'],
    ['ISSUERURL', 'ISSUER_URL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['LICENTIA_ISSUER_JWKS_URL', 'ISSUER_JWKS_URL'],
    ['ADMIN_PASSWORD_FIEL', 'ADMIN_PASSWORD_FILE'],
    ['ADMIN_PASWORD_FILE', 'ADMIN_PASSWORD_FILE'],
    ['admin_password_file', 'ADMIN_PASSWORD_FILE'],
    ['ISSUER_JWKS_FILE', 'ISSUER_JWKS_PATH'],
  ])('%s is taken for %s', (name, meant) => {
    expect(hintsFor(name)).toEqual([`${name} is not read. Did you mean ${meant}?`]);
  });

  it.each(['PORT', 'HOST', 'ISSUER_URL', 'LOG_LEVEL', 'ADMIN_USER'])(
    '%s_FILE is said to give nothing, because the setting is no secret',
    (name) => {
      expect(hintsFor(`${name}_FILE`)).toEqual([
        `${name}_FILE is not read: ${name} is no secret, so set ${name} itself.`,
      ]);
    },
  );

  it.each(Object.entries(COMMON))('is not complained about when it is usual: %s', (_, names) => {
    const environment = Object.fromEntries(names.split(/\s+/).map((name) => [name, 'x']));
    for (const [settings, sibling] of [
      [SERVICE_SETTINGS, ISSUER_SERVER_SETTINGS],
      [ISSUER_SERVER_SETTINGS, SERVICE_SETTINGS],
    ]) {
      expect(misspelledNames(settings as Settings, environment, [sibling as Settings])).toEqual([]);
    }
  });

  it('is not complained about when Kubernetes or Docker made it of the name of any service', () => {
    const services = [
      'licentia',
      'issuer',
      'license',
      'database',
      'admin',
      'root',
      'log',
      'access',
      'db',
      'host',
    ];
    const suffixes = [
      'PORT',
      'SERVICE_HOST',
      'SERVICE_PORT',
      'SERVICE_PORT_HTTP',
      'PORT_3000_TCP',
      'PORT_3000_TCP_ADDR',
    ];
    for (const suffix of suffixes) {
      for (const service of services) expect(hintsFor(`${service.toUpperCase()}_${suffix}`)).toEqual([]);
      assert(
        property(
          string({ unit: constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789'), maxLength: 24 }),
          (name) => expect(hintsFor(`A${name}_${suffix}`)).toEqual([]),
        ),
      );
    }
  });

  it('is right in both programs when one of them reads it', () => {
    for (const name of ALL_NAMES) {
      expect(misspelledNames(SERVICE_SETTINGS, { [name]: 'x' }, [ISSUER_SERVER_SETTINGS])).toEqual([]);
      expect(misspelledNames(ISSUER_SERVER_SETTINGS, { [name]: 'x' }, [SERVICE_SETTINGS])).toEqual([]);
    }
  });

  it('is right where the command licentia reads it, and a hint where it is near to that', () => {
    for (const name of ['LICENTIA_ISSUER_URL', 'LICENTIA_TOKEN', 'LICENTIA_ISSUER_TOKEN_FILE'])
      expect(hintsFor(name)).toEqual([]);
    expect(hintsFor('LICENTIA_ISUER_URL')).toHaveLength(1);
  });

  it('is looked at among the names of the program that was started, not of the other one', () => {
    expect(misspelledNames(ISSUER_SERVER_SETTINGS, { BOOTSTRAP_TOKENS: 'x' }, [SERVICE_SETTINGS])).toEqual(
      [],
    );
    expect(misspelledNames(ISSUER_SERVER_SETTINGS, { DATABASE_URLS: 'x' }, [SERVICE_SETTINGS])).toHaveLength(
      1,
    );
  });

  it('does not matter while it is empty', () => {
    expect(hintsFor('ISUER_URL', '')).toEqual([]);
  });

  it('in another case is no mistake where the right one has the same value, as on Windows', () => {
    expect(misspelledNames(SERVICE_SETTINGS, { issuer_url: 'x', ISSUER_URL: 'x' })).toEqual([]);
    expect(misspelledNames(SERVICE_SETTINGS, { issuer_url: 'x', ISSUER_URL: 'y' })).toHaveLength(1);
  });

  it('is never told with its value, and not told at all where it is no name', () => {
    for (const name of ['ISUER_URL', 'ADMIN_PASWORD', 'PORT_FILE']) {
      expect(hintsFor(name).join()).not.toContain('hunter2');
    }
    expect(hintsFor('ISSUER_UR\nL')).toEqual([]);
    expect(hintsFor(`ISSUER_URL${'_'.repeat(100)}`)).toEqual([]);
  });
});
