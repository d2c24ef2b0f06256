import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

/** The rows that say how, with what proves it. */
const PROOFS = read('docs/asvs.md')
  .split('\n')
  .map((line) => line.split(' | '))
  .filter((cells) => cells.length === 4 && /^\| \d/.test(cells[0] ?? ''))
  .map(([row, , , proof]) => [row?.slice(2) ?? '', proof?.replace(/ \|$/, '') ?? ''] as const);

describe('docs/asvs.md', () => {
  it('has rows', () => {
    expect(PROOFS.length).toBeGreaterThan(50);
  });

  it.each(PROOFS)('proves %s', (_, proof) => {
    if (proof === 'Document') return;
    const [, path, title] = /^`([^`]+)`(?:: (.+))?$/.exec(proof) ?? [];
    expect(existsSync(fileURLToPath(new URL(path ?? proof, ROOT)))).toBe(true);
    if (title !== undefined) expect(read(path as string)).toContain(title);
  });
});
