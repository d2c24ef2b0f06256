/** A mark before its label is placed. Lengths are CSS pixels. */
export interface UnplacedMark<Kind extends string> {
  readonly kind: Kind;
  readonly x: number;
  readonly label: string;
}

/** Where the label of a mark goes: a row, counted from above, and a side of its line. */
export interface PlacedMark<Kind extends string> extends UnplacedMark<Kind> {
  readonly row: number;
  readonly labelX: number;
  readonly anchor: 'start' | 'middle' | 'end';
}

/**
 * Places labels so that none covers another one or leaves the picture: the first free row, from below.
 * @param letter - the mean width of a letter
 * @param gap - the least distance between two labels of a row
 */
export function placeMarks<Kind extends string>(
  marks: readonly UnplacedMark<Kind>[],
  width: number,
  letter: number,
  gap: number,
): PlacedMark<Kind>[] {
  const ends: { from: number; to: number }[][] = [];
  const placed = marks.map((mark) => {
    const size = mark.label.length * letter;
    const from = Math.max(0, Math.min(width - size, mark.x - size / 2));
    const span = { from: from - gap / 2, to: from + size + gap / 2 };
    let row = 0;
    while (ends[row]?.some((other) => other.from < span.to && span.from < other.to)) row += 1;
    (ends[row] ??= []).push(span);
    const anchor: PlacedMark<Kind>['anchor'] =
      mark.x - size / 2 < 0 ? 'start' : mark.x + size / 2 > width ? 'end' : 'middle';
    const labelX = anchor === 'start' ? 0 : anchor === 'end' ? width : mark.x;
    return { ...mark, row, labelX, anchor };
  });
  // The first row is the one next to the picture.
  return placed.map((mark) => ({ ...mark, row: ends.length - 1 - mark.row }));
}
