/** What makes spreadsheets take a cell for a formula; the wide forms do in some languages. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** Writes lines of RFC 4180. A cell that a spreadsheet would take for a formula is marked as text by a `'`. */
export function csvLines(lines: readonly (readonly string[])[]): string {
  return lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string): string {
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
