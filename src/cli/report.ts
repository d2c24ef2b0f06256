import { styleText } from 'node:util';
import { isoTime } from '../domain/clock.js';
import { withoutInvisible } from '../domain/invisible-character.js';
import type { Canvas } from './picture.js';
import { headedTable, namesAndValues } from './text-table.js';

export type Cell = string | number | boolean | null | undefined | readonly (string | number)[];

/** A table. Of several each has a name, which begins its lines for the next program. */
export interface Section {
  readonly name?: string;
  /** What stands over the columns on a terminal. Without it a section is names and values. */
  readonly head?: readonly string[];
  /** Instead of rows: a text that is printed as it is. */
  readonly text?: string;
  readonly rows: readonly (readonly Cell[])[];
}

/** What a command has found or done. */
export interface Report {
  /** What `--json` prints. */
  readonly json: unknown;
  readonly sections: readonly Section[];
  /** Instead of the tables on a terminal. */
  readonly picture?: (canvas: Canvas) => string;
  /** For people alone: on standard error, and not with `--quiet`. */
  readonly note?: string;
  /** 1 for a completed no; 0 unless given. */
  readonly exitCode?: 0 | 1 | 2;
}

/** How a report is written. */
export interface Format {
  readonly json: boolean;
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  readonly columns: number;
  readonly hasUnicode: boolean;
}

/** What goes to standard output. */
export function render({ json, sections, picture }: Report, format: Format): string {
  if (format.json) return `${JSON.stringify(json, null, 2)}\n`;
  if (format.isTerminal && picture !== undefined) return picture(format);
  return format.isTerminal
    ? sections.map((section) => tableOf(section, format)).join('\n')
    : sections.map(tabSeparated).join('');
}

/** For the next program: a line for each row, with tabs between its cells, without a head. */
function tabSeparated({ name, rows, text }: Section): string {
  if (text !== undefined) return text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return rows
    .map((row) => [...(name === undefined ? [] : [name]), ...row.map(cellText)])
    .map((cells) => `${cells.map(withoutInvisible).join('\t')}\n`)
    .join('');
}

function tableOf({ name, head, rows, text }: Section, { hasColor, columns }: Format): string {
  if (text !== undefined) return text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const bold = (text: string) => (hasColor ? styleText('bold', text, { validateStream: false }) : text);
  const title = name === undefined ? '' : `${bold(name)}\n`;
  const cells = rows.map((row) => row.map(cellText));
  if (cells.length === 0) return `${title}(none)\n`;
  return `${title}${head === undefined ? namesAndValues(cells, columns) : headedTable(head, cells, columns, bold)}`;
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return '-';
  return Array.isArray(cell) ? cell.join(', ') : String(cell);
}

/** A moment of the API for people and programs; 0 and null are none. @param seconds - Unix seconds */
export function time(seconds: number | null | undefined): string {
  return seconds ? isoTime(seconds) : '-';
}

/** A span as a person says it. @param seconds - below zero where the moment has passed */
export function span(seconds: number | null): string {
  if (seconds === null) return '-';
  const size = Math.abs(seconds);
  const [unit, name] = (
    [
      [86_400, 'd'],
      [3_600, 'h'],
      [60, 'min'],
    ] as const
  ).find(([least]) => size >= 2 * least) ?? [1, 's'];
  const text = `${Math.floor(size / unit)} ${name}`;
  return seconds < 0 ? `${text} ago` : text;
}
