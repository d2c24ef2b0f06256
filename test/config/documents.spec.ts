import { readdirSync, readFileSync } from 'node:fs';
import { ISSUER_SERVER_SETTINGS } from '../../src/config/issuer-server-config.js';
import { SERVICE_SETTINGS } from '../../src/config/service-config.js';
import type { Settings } from '../../src/config/environment.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const document = read('docs/configuration.md');

/** The rows of the table below a heading: name, whether it is a secret, default. */
function documented(heading: string): unknown[] {
  const section = document.split(heading)[1]?.split('\n## ')[0] ?? '';
  // Without the titles and the line below them: a row of another form is one too many.
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
  return rows.map((row) => {
    const [, name = row, secret, fallback = ''] =
      /^\| `(\w+)`( \(secret\))? \| (.*?) \| \S.*\|$/.exec(row) ?? [];
    return {
      name,
      secret: secret !== undefined,
      // In words where it depends on another setting.
      fallback: /^`[^`]*`$/.test(fallback) ? fallback.slice(1, -1) : undefined,
    };
  });
}

function declared(settings: Settings): unknown[] {
  return Object.entries(settings).map(([name, { secret, fallback }]) => ({ name, secret, fallback }));
}

describe('docs/configuration.md', () => {
  it.each<[string, Settings]>([
    ['## The service', SERVICE_SETTINGS],
    ['## The issuer', ISSUER_SERVER_SETTINGS],
  ])('lists below "%s" exactly the settings that are read, with their defaults', (heading, settings) => {
    const byName = (a: unknown, b: unknown) =>
      (a as { name: string }).name.localeCompare((b as { name: string }).name);
    expect(documented(heading).sort(byName)).toEqual(declared(settings).sort(byName));
  });
});

/** Names that look like settings in these files: of Docker, of PostgreSQL's image, of Node programs, of our tests. */
const OTHERS = new Set([
  ...[
    'NODE_ENV',
    'HTTP_PROXY',
    'NODE_EXTRA_CA_CERTS',
    'NODE_OPTIONS',
    'NODE_COMPILE_CACHE',
    'NODE_IMAGE',
    'POSTGRES_DB',
    'POSTGRES_USER',
    'POSTGRES_IMAGE',
    'POSTGRES_PASSWORD_FILE',
    'OWNER_PASSWORD_FILE',
    'SERVICE_PASSWORD_FILE',
  ],
  ...['TEST_DATABASE_URL', 'TEST_POSTGRES_BIN', 'FUZZ_SEED', 'SAMPLE_SEED', 'CHROMIUM_PATH'],
  // Of the licentia command.
  ...['LICENTIA_URL', 'LICENTIA_PROFILE', 'LICENTIA_TOKEN', 'LICENTIA_TOKEN_FILE', 'LICENTIA_USER'],
  ...['LICENTIA_ISSUER_URL', 'LICENTIA_ISSUER_TOKEN', 'LICENTIA_ISSUER_TOKEN_FILE'],
  ...['LICENTIA_PASSWORD', 'LICENTIA_PASSWORD_FILE', 'XDG_CONFIG_HOME', 'NO_COLOR', 'LC_ALL', 'LC_CTYPE'],
  // Of the examples.
  'GRACE_SECONDS',
  // Files.
  ...['CODE_OF_CONDUCT', 'PG_VERSION'],
  // Shown as misspelled.
  ...['ISSUER_JWKS_PATHS', 'PORT_FILE'],
]);

/** Where an operator finds names to copy. (divergences.md also names what is not built.) */
const COPIED_FROM = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docker-compose.yml',
  'Dockerfile',
  'deploy/demo.env',
  ...readdirSync(new URL('../../docs/', import.meta.url))
    .filter((name) => name.endsWith('.md') && name !== 'divergences.md')
    .map((name) => `docs/${name}`),
];

describe('Every name of a setting', () => {
  const known = new Set(
    [SERVICE_SETTINGS, ISSUER_SERVER_SETTINGS].flatMap((settings: Settings) =>
      Object.entries(settings).flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name])),
    ),
  );

  it.each(COPIED_FROM)('in %s is one that is read', (path) => {
    const names = read(path).match(/\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b/g) ?? [];
    expect(names.filter((name) => !known.has(name) && !OTHERS.has(name))).toEqual([]);
  });

  it('is looked for beside names of others that are still in these files', () => {
    const text = COPIED_FROM.map((path) => read(path)).join('\n');
    expect([...OTHERS].filter((name) => !text.includes(name))).toEqual([]);
  });
});
