import type { Api } from '#client';
import { type Canvas, type Color, paint, widthOf, wrap } from './picture.js';

type Day = Pick<Api.UsageDay, 'day' | 'limit' | 'peak' | 'denials'>;

const ROWS = 8;
const EIGHTHS = ' ▁▂▃▄▅▆▇█';
/** From here on seats get scarce, as a part of the limit. */
const NEARLY = 0.9;

/** A chart of the most seats that were used at once on each day, below the line of the limit. */
export function seatsPicture(days: readonly Day[], canvas: Canvas): string {
  if (days.length === 0) return 'No day is closed yet: the ledger has its first one after midnight, UTC.\n';
  const width = widthOf(canvas);
  const top = Math.max(1, ...days.map(({ peak, limit }) => Math.max(peak, limit ?? 0)));
  const gutter = String(top).length + 1;
  const bars = grouped(days, width - gutter);
  const room = Math.max(1, Math.floor((width - gutter) / bars.length));
  const lines = Array.from({ length: ROWS }, (_, index) => {
    const row = ROWS - 1 - index;
    const label = index === 0 ? String(top) : row === 0 ? '0' : '';
    const cells = bars.map((bar) => cell(bar, row, top, Math.min(room, 4), canvas));
    return `${label.padStart(gutter - 1)} ${cells.join('')}`.trimEnd();
  });
  const [first, last] = [days[0] as Day, days.at(-1) as Day];
  const axis =
    first === last ? first.day : `${first.day}${last.day.padStart(bars.length * Math.min(room, 4) - 10)}`;
  const short = bars.length * Math.min(room, 4) < 21 && first !== last;
  return [
    ...lines,
    `${' '.repeat(gutter)}${short ? `${first.day} to ${last.day.slice(5)}` : axis}`,
    '',
    ...wrap(summary(days), width),
    '',
  ].join('\n');
}

/** So many bars at most: of several days the one with the highest peak is shown, with the refusals of all. */
function grouped(days: readonly Day[], most: number): Day[] {
  const size = Math.ceil(days.length / most);
  const groups = Array.from({ length: Math.ceil(days.length / size) }, (_, index) =>
    days.slice(index * size, (index + 1) * size),
  );
  return groups.map((group) => {
    const highest = group.reduce((one, other) => (other.peak > one.peak ? other : one));
    return { ...highest, denials: group.reduce((sum, { denials }) => sum + denials, 0) };
  });
}

function colorOf({ peak, limit, denials }: Day): Color {
  if (denials > 0 || (limit !== null && peak > limit)) return 'red';
  return limit !== null && peak >= limit * NEARLY ? 'yellow' : 'green';
}

function cell(day: Day, row: number, top: number, width: number, canvas: Canvas): string {
  const height = (day.peak / top) * ROWS - row;
  const limit = day.limit === null ? undefined : Math.min(ROWS - 1, Math.ceil((day.limit / top) * ROWS) - 1);
  const size = Math.max(1, width - 1);
  const gap = width > 1 ? ' ' : '';
  const eighths = Math.max(0, Math.min(8, Math.round(height * 8)));
  // A day with few seats is not a day with none.
  const isSeen = eighths > 0 || (row === 0 && day.peak > 0);
  if (isSeen) {
    const text = canvas.hasUnicode
      ? EIGHTHS.charAt(Math.max(1, eighths))
      : eighths >= 4 || row === 0
        ? '#'
        : ' ';
    return paint(canvas, colorOf(day), text.repeat(size)) + gap;
  }
  if (row !== limit) return ' '.repeat(width);
  return paint(canvas, 'dim', (canvas.hasUnicode ? '╌' : '-').repeat(width));
}

function summary(days: readonly Day[]): string {
  const highest = days.reduce((one, other) => (other.peak > one.peak ? other : one));
  const refused = days.reduce((sum, { denials }) => sum + denials, 0);
  const limit = highest.limit === null ? 'no limit' : `a limit of ${highest.limit}`;
  const times = refused === 1 ? 'once' : `${refused} times`;
  return `The peak was ${highest.peak} with ${limit}, on ${highest.day}. ${refused === 0 ? 'Nobody was refused.' : `Seats were refused ${times}.`}`;
}
