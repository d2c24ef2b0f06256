import { withoutInvisible } from '../../domain/invisible-character.js';

/** Lines of cells as a table for a terminal, the first of them its head. */
export function textTable(lines: readonly (readonly string[])[]): string {
  const cells = lines.map((line) => line.map(withoutInvisible));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  );
  const padded = cells.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  return padded.map((line) => `${line.join('  ').trimEnd()}\n`).join('');
}
