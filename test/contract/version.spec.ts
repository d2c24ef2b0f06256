import { readFileSync } from 'node:fs';
import { openApi } from '../support/openapi.js';
import { fixturesOf, PROGRAMS, RELEASES } from '../schema/shape.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };
/** The released versions of CHANGELOG.md, the newest first. */
const released = [...read('CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$/gm)].map(
  ([, number]) => number,
);

describe('The version', () => {
  it('is the same in package.json, the lock file, the API and the newest section of the changelog', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      version: string;
      packages: Record<string, { version: string }>;
    };
    const client = JSON.parse(read('clients/typescript/package.json')) as { version: string };
    expect([
      ...[lock.version, lock.packages['']?.version, client.version],
      ...[openApi.info.version, released[0]],
    ]).toEqual(Array(5).fill(version));
  });

  it('of each release has its tables among the fixtures, from which the upgrade is tested', () => {
    expect(Object.keys(RELEASES).reverse()).toEqual(released);
    for (const tables of Object.values(RELEASES)) {
      for (const program of PROGRAMS) expect(fixturesOf(program)).toContain(tables[program.name]);
    }
  });
});
