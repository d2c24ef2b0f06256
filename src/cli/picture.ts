import { styleText } from 'node:util';
import { withoutInvisible } from '../domain/invisible-character.js';

/** What a picture is drawn for. */
export interface Canvas {
  /** Characters in a line. */
  readonly columns: number;
  readonly hasColor: boolean;
  /** Whether the terminal shows more than ASCII. */
  readonly hasUnicode: boolean;
}

export type Color = 'green' | 'yellow' | 'red' | 'dim';

/** Less than this is no picture any more, characters. */
export const MIN_COLUMNS = 24;
/** More makes no picture clearer, characters. */
const MAX_COLUMNS = 100;

export function widthOf({ columns }: Canvas): number {
  return Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, columns));
}

export function paint({ hasColor }: Canvas, color: Color, text: string): string {
  return hasColor && text !== '' ? styleText(color, text, { validateStream: false }) : text;
}

/** Breaks a text at its blanks. @param indent - put before every line but the first */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of withoutInvisible(text).split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > width) {
      lines.push(line.trimEnd());
      line = `${indent}${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line.trimEnd()];
}

/** Shares cells out by weight, at least one each. @returns numbers, whose sum is `cells` where there are enough */
export function share(weights: readonly number[], cells: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  const shares = weights.map((weight) => Math.max(1, Math.round((weight / total) * cells)));
  for (let left = cells - shares.reduce((sum, one) => sum + one, 0); left !== 0;) {
    const largest = shares.indexOf(Math.max(...shares));
    if (left < 0 && (shares[largest] as number) <= 1) break;
    shares[largest] = (shares[largest] as number) + Math.sign(left);
    left -= Math.sign(left);
  }
  return shares;
}
