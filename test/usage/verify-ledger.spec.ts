import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHAIN_START, sealEntry } from '../../src/domain/hash-chain.js';
import { isoDay } from '../../src/domain/usage/usage-window.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/verify-ledger.mjs', import.meta.url));
const FIRST = 20_000;

/** The lines of a sound ledger. */
function ledger(days: number, used = (index: number) => index): string[] {
  let prev = CHAIN_START;
  return Array.from({ length: days }, (_, index) => {
    const { content, hash } = sealEntry({ day: isoDay(FIRST + index), used: used(index) }, prev);
    prev = hash;
    return JSON.stringify({ ...(JSON.parse(content) as object), hash });
  });
}

describe('npm run ledger:verify', () => {
  const directory = mkdtempSync(join(tmpdir(), 'licentia-ledger-'));

  afterAll(() => rmSync(directory, { recursive: true }));

  function verify(lines: string[], ...more: string[]): [status: number | null, said: string] {
    const file = join(directory, 'ledger.jsonl');
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, file, ...more], {
      encoding: 'utf8',
    });
    return [status, `${stdout}${stderr}`.trim()];
  }

  const sound = ledger(5);
  const [a, b, c, d, e] = sound as [string, string, string, string, string];
  const head = (JSON.parse(e) as { hash: string }).hash;

  it('finds nothing in a sound ledger, or a part of one', () => {
    expect(verify(sound, '--head', head)).toEqual([
      0,
      'The ledger is sound: 5 rows, 2024-10-04 to 2024-10-08.',
    ]);
    expect(verify([b, c, d])).toEqual([
      0,
      'The ledger is sound: 3 rows, 2024-10-05 to 2024-10-07. It is a part: it does not begin with the first day of the ledger.',
    ]);
    expect(verify([])[0]).toBe(0);
  });

  it.each<[string, string[], string]>([
    ['changed', [a, b.replace('"used":1', '"used":2'), c], 'Line 2 (2024-10-05): it was changed'],
    [
      'removed',
      [a, b, d, e],
      'Line 3 (2024-10-07): the rows of 2024-10-06 to 2024-10-06 before it are missing',
    ],
    ['inserted', [a, b, b, c], 'Line 3 (2024-10-05): it is out of order'],
    [
      'swapped',
      [a, c, b, d],
      'Line 2 (2024-10-06): the rows of 2024-10-05 to 2024-10-05 come after it: they were swapped or moved',
    ],
    [
      'replaced',
      [a, ledger(2, () => 9)[1] as string, c],
      'Line 2 (2024-10-05): it does not follow the one before it',
    ],
  ])('names the first row that was %s', (_, lines, message) => {
    const [status, said] = verify(lines);
    expect([status, said.startsWith(message)]).toEqual([1, true]);
  });

  it('finds rows missing at the end by the hash of another source', () => {
    expect(verify([a, b, c])[0]).toBe(0);
    expect(verify([a, b, c], '--head', head)).toEqual([1, expect.stringMatching(/^Line 4 \(the end\): /)]);
  });

  it('ends with 2 where there is nothing to check', () => {
    expect(verify(['no JSON'])).toEqual([2, 'Nothing was checked: line 1: it is not JSON']);
    expect(spawnSync(process.execPath, [SCRIPT, join(directory, 'none')]).status).toBe(2);
    expect(spawnSync(process.execPath, [SCRIPT]).status).toBe(2);
  });

  it.each(['verify-ledger.mjs', 'verify-audit.mjs'])('says that the build is missing: %s', (script) => {
    const copy = join(directory, 'unbuilt', 'scripts');
    cpSync(dirname(SCRIPT), copy, { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, [join(copy, script), 'any'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      2,
      'Nothing was checked: the build is missing. Run `npm ci` and `npm run build` once, then this again.\n',
    ]);
  });
});
