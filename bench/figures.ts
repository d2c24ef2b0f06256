/** What a row of a table says, by the title of its column. */
export type Figures = Readonly<Record<string, string | number>>;

/** A table of the bench. */
export interface Table {
  readonly title: string;
  readonly rows: { readonly name: string; readonly figures: Figures }[];
}

/** @returns the middle value; the upper one of two */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param share - 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The smallest and the largest value, for people. */
export function spread(values: readonly number[]): string {
  return `${number(Math.min(...values))} to ${number(Math.max(...values))}`;
}

/** How fast the second value grows with the first one, by least squares. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [middleX, middleY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const together = points.reduce((sum, [x, y]) => sum + (x - middleX) * (y - middleY), 0);
  return together / points.reduce((sum, [x]) => sum + (x - middleX) ** 2, 0);
}

/** With commas between thousands. */
export function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A table of Markdown, whose columns stand in the order in which rows first name them. */
export function markdown({ title, rows }: Table): string {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [
    line([title, ...columns]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(({ name, figures }) => line([name, ...columns.map((column) => figures[column] ?? '')])),
  ].join('\n');
}
