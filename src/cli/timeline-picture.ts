import type { Api } from '#client';
import { isoTime } from '../domain/clock.js';
import { STATUSES } from './license-views.js';
import { type Canvas, type Color, paint, share, widthOf, wrap } from './picture.js';
import { span } from './report.js';

type State = Api.Timeline | Api.Transition;

/** What a change must be of to be drawn. */
const SHOWN: readonly string[] = ['answer', 'status', 'warnings', 'renewalDue'];
/** So much of the bar shows what comes after the last change. */
const TAIL = 0.06;
const BLOCKS: Readonly<Record<Color, readonly [unicode: string, ascii: string]>> = {
  green: ['█', '='],
  yellow: ['▓', '~'],
  red: ['░', '.'],
  dim: ['·', '-'],
};
const MARKS = '123456789abcdefghijklmnopqrstuvwxyz';

/** A bar from now to the last change, with the zones of warnings, and a line for each change. */
export function timelinePicture(timeline: Api.Timeline, canvas: Canvas): string {
  const width = widthOf(canvas);
  const changes = timeline.transitions.filter((one) => one.changes.some((change) => SHOWN.includes(change)));
  const states: State[] = [timeline, ...changes.slice(0, MARKS.length - 1)];
  const end = states.at(-1)?.at ?? timeline.at;
  const tail = Math.max(1, (end - timeline.at) * TAIL);
  const cells = share(
    states.map((state, index) => (states[index + 1]?.at ?? state.at + tail) - state.at),
    width,
  );
  const bar = states.map((state, index) => block(state, cells[index] as number, canvas)).join('');
  const marks = cells.map((count, index) => (MARKS[index] as string).padEnd(count)).join('');
  const legend = states.flatMap((state, index) => entry(state, index, timeline.at, width, canvas));
  return [bar, marks.trimEnd(), axis(timeline.at, end, width), '', ...legend, ''].join('\n');
}

function colorOf({ answer, warnings }: State): Color {
  if (answer === null) return 'dim';
  if (!answer) return 'red';
  return warnings.length > 0 ? 'yellow' : 'green';
}

function block(state: State, cells: number, canvas: Canvas): string {
  const color = colorOf(state);
  const [unicode, ascii] = BLOCKS[color];
  return paint(canvas, color, (canvas.hasUnicode ? unicode : ascii).repeat(cells));
}

function axis(from: number, to: number, width: number): string {
  const last = to === from ? '' : isoTime(to).slice(0, 10);
  return `now${last.padStart(width - 3)}`;
}

function entry(state: State, index: number, now: number, width: number, canvas: Canvas): string[] {
  const { answer, status, warnings, renewalDue, at, reason } = state;
  const when =
    index === 0 ? 'now' : `${isoTime(at).slice(0, 16).replace('T', ' ')} UTC (in ${span(at - now)})`;
  const word = STATUSES[status] ?? String(status);
  const notes = [...warnings, ...(renewalDue ? ['renewal due'] : [])];
  const says = `${answer === null ? 'unknown' : String(answer)}: ${[word, ...notes].join(', ')}`;
  const mark = paint(canvas, colorOf(state), MARKS[index] as string);
  const [first = '', ...others] = wrap(`${when}  ${says}`, width - 3);
  const isTold = answer !== true;
  const lines = [first, ...others, ...(isTold ? wrap(reason, width - 3) : [])];
  return lines.map((line, place) => `${place === 0 ? mark : ' '}  ${line}`);
}
