import { readFileSync } from 'node:fs';
import { AUTHORITY_SETTINGS } from '../../src/config/authority-config.js';
import { SERVICE_SETTINGS } from '../../src/config/service-config.js';
import type { Settings } from '../../src/config/environment.js';

const document = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** The rows of the table below a heading: name, whether it is a secret, default. */
function documented(heading: string): unknown[] {
  const section = document.split(heading)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `(\w+)`( \(secret\))? \| (.*?) \|/gm)].map(
    ([, name, secret, fallback = '']) => ({
      name,
      secret: secret !== undefined,
      // In words where it depends on another setting.
      fallback: /^`[^`]*`$/.test(fallback) ? fallback.slice(1, -1) : undefined,
    }),
  );
}

function declared(settings: Settings): unknown[] {
  return Object.entries(settings).map(([name, { secret, fallback }]) => ({ name, secret, fallback }));
}

describe('docs/configuration.md', () => {
  it.each<[string, Settings]>([
    ['## The service', SERVICE_SETTINGS],
    ['## The issuer', AUTHORITY_SETTINGS],
  ])('lists below "%s" exactly the settings that are read, with their defaults', (heading, settings) => {
    const byName = (a: unknown, b: unknown) =>
      (a as { name: string }).name.localeCompare((b as { name: string }).name);
    expect(documented(heading).sort(byName)).toEqual(declared(settings).sort(byName));
  });
});
