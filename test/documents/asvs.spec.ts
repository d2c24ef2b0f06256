import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The rows of ASVS 5.0.0, by section: the nth digit is the level of the nth row. */
const LEVELS: Readonly<Record<string, string>> = {
  ...{ '1.1': '22', '1.2': '1111122223', '1.3': '112222222223', '1.4': '222', '1.5': '123' },
  ...{ '2.1': '122', '2.2': '112', '2.3': '12223', '2.4': '23' },
  ...{
    '3.1': '3',
    '3.2': '113',
    '3.3': '12223',
    '3.4': '11222233',
    '3.5': '11122333',
    '3.6': '3',
    '3.7': '22333',
  },
  ...{ '4.1': '12233', '4.2': '23333', '4.3': '22', '4.4': '1222' },
  ...{ '5.1': '2', '5.2': '112333', '5.3': '113', '5.4': '222' },
  ...{ '6.1': '122', '6.2': '111111112222', '6.3': '11223333', '6.4': '112233', '6.5': '22222333' },
  ...{ '6.6': '2223', '6.7': '33', '6.8': '2222' },
  ...{ '7.1': '222', '7.2': '1111', '7.3': '22', '7.4': '11222', '7.5': '223', '7.6': '22' },
  ...{ '8.1': '1233', '8.2': '1123', '8.3': '133', '8.4': '23' },
  ...{ '9.1': '111', '9.2': '1222' },
  ...{
    '10.1': '22',
    '10.2': '223',
    '10.3': '22223',
    '10.4': '1111122222233333',
    '10.5': '22222',
    '10.6': '22',
    '10.7': '222',
  },
  ...{
    '11.1': '2233',
    '11.2': '22233',
    '11.3': '11233',
    '11.4': '1222',
    '11.5': '23',
    '11.6': '23',
    '11.7': '33',
  },
  ...{ '12.1': '12233', '12.2': '11', '12.3': '22223' },
  ...{ '13.1': '2333', '13.2': '222223', '13.3': '2233', '13.4': '1222233' },
  ...{ '14.1': '22', '14.2': '12223333', '14.3': '122' },
  ...{ '15.1': '12233', '15.2': '12233', '15.3': '1222222', '15.4': '3333' },
  ...{ '16.1': '2', '16.2': '22222', '16.3': '2222', '16.4': '222', '16.5': '2223' },
  ...{ '17.1': '23', '17.2': '22223333', '17.3': '22' },
};

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

/** The cells of the rows of a part of the page. */
const rowsOf = (part: string | undefined) =>
  (part ?? '')
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));

const [MET, NOT_MET, NOT_APPLYING] = read('docs/asvs.md')
  .split(/^## (?:Not met|Does not apply)$/m)
  .map(rowsOf) as [string[][], string[][], string[][]];

/** The rows that say how, with what proves it. */
const PROOFS = MET.map(([row = '', , , proof = '']) => [row, proof] as const);

/** The numbers that a cell begins with, with the level of each; one level is that of all. */
const numbersOf = (cell = '') => (/^[\d.]+(?:, [\d.]+)*/.exec(cell)?.[0] ?? '').split(', ');
function leveled([cell = '', level = '']: readonly string[]): [string, string][] {
  const levels = level.split(', ');
  return numbersOf(cell).map((number, index) => [number, levels[index] ?? levels[0] ?? '']);
}

describe('docs/asvs.md', () => {
  it('has rows', () => {
    expect(PROOFS.length).toBeGreaterThan(50);
  });

  it('has each row of levels 1 and 2 in one of its three parts, and none that the standard does not have', () => {
    const due = Object.entries(LEVELS).flatMap(([section, levels]) =>
      [...levels].map((level, index) => [`${section}.${index + 1}`, level] as const),
    );
    const parts = [MET, NOT_MET, NOT_APPLYING].map((rows) => rows.flatMap(([cell]) => numbersOf(cell)));
    const isIn = (named: readonly string[], row: string) =>
      named.some((number) => row === number || row.startsWith(`${number}.`));
    const places = due
      .filter(([, level]) => level !== '3')
      .map(([row]) => [row, parts.filter((named) => isIn(named, row)).length] as const);
    expect(places.filter(([, count]) => count !== 1)).toEqual([]);
    const unknown = parts.flat().filter((number) => !due.some(([row]) => isIn([number], row)));
    expect(unknown).toEqual([]);
  });

  it('gives each row its level', () => {
    const levelOf = (row: string) => {
      const [, section = '', number] = /^(\d+\.\d+)\.(\d+)$/.exec(row) ?? [];
      return LEVELS[section]?.[Number(number) - 1];
    };
    const wrong = [...MET, ...NOT_MET].flatMap(leveled).filter(([row, level]) => levelOf(row) !== level);
    expect(wrong).toEqual([]);
  });

  it.each(PROOFS)('proves %s', (_, proof) => {
    if (proof === 'Document') return;
    const [, path, title] = /^`([^`]+)`(?:: (.+))?$/.exec(proof) ?? [];
    expect(existsSync(fileURLToPath(new URL(path ?? proof, ROOT)))).toBe(true);
    if (title !== undefined) expect(read(path as string)).toContain(title);
  });
});
