/**
 * Where a spreadsheet takes a text for a formula; the wide forms do in some languages. Where it splits lines at
 * semicolons or tabs, a cell begins behind each of them, in quotation marks too.
 */
const FORMULA = /(^|[;\t])(?= *[=+\-@\t\r\n＝＋－＠])/g;

/** Writes lines of RFC 4180. A cell that a spreadsheet would take for a formula is marked as text by a `'`. */
export function csvLines(lines: readonly (readonly string[])[]): string {
  return lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string): string {
  const text = value.replace(FORMULA, "$1'");
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
