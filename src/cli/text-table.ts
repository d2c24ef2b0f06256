import { withoutInvisible } from '../domain/invisible-character.js';
import { MIN_COLUMNS, wrap } from './picture.js';

/** Between two columns, characters. */
const GAP = 2;
/** Before a value that stands below its name, characters. */
const INDENT = 2;

/**
 * Rows of a name and its value. A value that finds too little room beside its name stands below it.
 * @param columns - of the terminal, characters
 */
export function namesAndValues(rows: readonly (readonly string[])[], columns: number): string {
  return textOf(inColumns(rows, columns) ?? rows.flatMap((row) => stacked(row, columns)));
}

/**
 * A table; where it is wider than the terminal, each row as names and values.
 * @param columns - of the terminal, characters
 * @param emphasize - for the line of the head
 */
export function headedTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
  emphasize: (line: string) => string,
): string {
  const lines = inColumns([head, ...rows], columns);
  if (lines !== undefined) return textOf([emphasize(lines[0] ?? ''), ...lines.slice(1)]);
  const records = rows.map((row) => row.map((cell, index) => [head[index] ?? '', cell]));
  return records.map((record) => namesAndValues(record, columns)).join('\n');
}

/**
 * Cells below each other, those of the last column broken at their blanks.
 * @returns undefined where too little room is left for the last column
 */
function inColumns(rows: readonly (readonly string[])[], columns: number): string[] | undefined {
  const cells = rows.map((row) => row.map(withoutInvisible));
  const widths = (cells[0] ?? []).map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const last = widths.pop() ?? 0;
  const margin = widths.reduce((sum, width) => sum + width + GAP, 0);
  const room = columns - margin;
  if (room < Math.min(last, MIN_COLUMNS)) return undefined;
  return cells.flatMap((row) => {
    const start = widths.map((width, index) => (row[index] ?? '').padEnd(width + GAP)).join('');
    const [first = '', ...others] = wrap(row[widths.length] ?? '', room);
    return [`${start}${first}`.trimEnd(), ...others.map((line) => `${' '.repeat(margin)}${line}`)];
  });
}

function stacked([name = '', ...values]: readonly string[], columns: number): string[] {
  const below = values.flatMap((value) => wrap(value, columns - INDENT));
  return [withoutInvisible(name), ...below.map((line) => `${' '.repeat(INDENT)}${line}`)];
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
