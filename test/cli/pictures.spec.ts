import { stripVTControlCharacters } from 'node:util';
import type { Api } from '#client';
import { type Canvas, share, wrap } from '../../src/cli/picture.js';
import { seatsPicture } from '../../src/cli/seats-picture.js';
import { timelinePicture } from '../../src/cli/timeline-picture.js';
import { NOW } from '../support/tokens.js';

const DAY = 86_400;
const CANVAS: Canvas = { columns: 40, hasColor: false, hasUnicode: true };

type Change = readonly [
  days: number,
  answer: boolean | null,
  status: number,
  warnings: readonly string[],
  changes: readonly string[],
];

/** A timeline from what is so now, and what changes after so many days. */
function timelineOf(now: Change, changes: readonly Change[]): Api.Timeline {
  const state = ([days, answer, status, warnings, changed]: Change) => ({
    ...{
      at: NOW + days * DAY,
      answer,
      status,
      warnings,
      changes: changed,
      code: null,
      decidedBy: null,
      sources: [],
    },
    reason: answer === true ? 'It is valid.' : 'The license expired, and has to be renewed at its issuer.',
    renewalDue: false,
  });
  return { ...state(now), transitions: changes.map(state) } as unknown as Api.Timeline;
}

const VALID: Change = [0, true, 1, [], []];
const WARNED: Change = [5, true, 1, ['license-expires-soon'], ['warnings']];
const EXPIRED: Change = [10, false, 5, [], ['answer', 'status']];

describe('The picture of a timeline', () => {
  it('is a bar from now to the end with the zone of warnings, and a line for each change', () => {
    expect(timelinePicture(timelineOf(VALID, [WARNED, EXPIRED]), CANVAS))
      .toBe(`███████████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░
1                  2                  3
now                           2027-01-25

1  now  true: valid
2  2027-01-20 08:00 UTC (in 5 d)  true:
   valid, license-expires-soon
3  2027-01-25 08:00 UTC (in 10 d)
   false: expired
   The license expired, and has to be
   renewed at its issuer.
`);
  });

  it.each<[string, Change, readonly Change[], Partial<Canvas>, string]>([
    ['a license that never changes', VALID, [], {}, '████████████████████████████████████████'],
    ['no license', [0, false, 4, [], []], [], {}, '░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░'],
    ['an answer that nobody knows', [0, null, 2, [], []], [], {}, '········································'],
    [
      'a terminal of ASCII',
      VALID,
      [EXPIRED],
      { hasUnicode: false },
      '======================================..',
    ],
    ['a terminal that is too narrow', VALID, [EXPIRED], { columns: 5 }, '███████████████████████░'],
    ['a change of what is not shown', VALID, [[3, true, 1, [], ['sources']]], {}, '█'.repeat(40)],
    [
      'a zone that is too short to be seen',
      VALID,
      [
        [999, true, 1, ['x'], ['warnings']],
        [1_000, false, 5, [], ['answer']],
      ],
      { columns: 24 },
      '██████████████████████▓░',
    ],
    [
      'a zone in color',
      VALID,
      [EXPIRED],
      { hasColor: true, columns: 24 },
      '\u001b[32m███████████████████████\u001b[39m\u001b[31m░\u001b[39m',
    ],
  ])('of %s', (_, now, changes, canvas, bar) => {
    expect(timelinePicture(timelineOf(now, changes), { ...CANVAS, ...canvas }).split('\n')[0]).toBe(bar);
  });
});

type Seats = readonly [limit: number | null, peak: number, denials?: number];

const daysOf = (seats: readonly Seats[]) =>
  seats.map(([limit, peak, denials = 0], index) => ({
    day: new Date((NOW + index * DAY) * 1000).toISOString().slice(0, 10),
    limit,
    peak,
    denials,
  }));

describe('The chart of seats', () => {
  it('has a bar for each day, below the line of the limit', () => {
    const seats: Seats[] = [
      [20, 0],
      [20, 1],
      [20, 10],
      [20, 19],
      [20, 20, 2],
      [20, 5],
      [20, 5],
      [20, 5],
      [20, 5],
    ];
    expect(seatsPicture(daysOf(seats), { ...CANVAS, columns: 60 }))
      .toBe(`20 ╌╌╌╌╌╌╌╌╌╌╌╌▅▅▅ ███ ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
               ███ ███
               ███ ███
               ███ ███
           ███ ███ ███
           ███ ███ ███
           ███ ███ ███ ███ ███ ███ ███
 0     ▃▃▃ ███ ███ ███ ███ ███ ███ ███
   2027-01-15                2027-01-23

The peak was 20 with a limit of 20, on 2027-01-19. Seats
were refused 2 times.
`);
  });

  it.each<[string, readonly Seats[], RegExp]>([
    ['no day', [], /^No day is closed yet/],
    ['a day without seats', [[20, 0]], /\n 0\n {3}2027-01-15\n\nThe peak was 0 with a limit of 20/],
    ['a day without a limit', [[null, 3]], /^3 ███\n[^╌]*no limit[^]*Nobody was refused/],
    ['few seats of very many', [[100_000, 1]], /\n {5}0 ▁▁▁\n/],
    [
      'more seats than the limit',
      [
        [2, 4],
        [2, 1, 1],
      ],
      /^4 ███\n[^]*refused once/,
    ],
    ['more days than columns', Array<Seats>(400).fill([9, 9]), /^9 █{30,38}\n/],
  ])('of %s', (_, seats, picture) => {
    expect(seatsPicture(daysOf(seats), CANVAS)).toMatch(picture);
  });

  it('has a color for scarce and for refused seats', () => {
    const colored = seatsPicture(
      daysOf([
        [20, 17],
        [20, 18],
        [20, 18, 1],
      ]),
      { ...CANVAS, hasColor: true },
    );
    const last = colored.split('\n').find((line) => line.startsWith(' 0'));
    expect(last).toBe(' 0 \u001b[32m███\u001b[39m \u001b[33m███\u001b[39m \u001b[31m███\u001b[39m');
  });
});

describe('Pictures', () => {
  it.each([24, 25, 33, 40, 79, 80, 100, 250])('are no wider than a terminal of %i columns', (columns) => {
    for (const count of [1, 2, 7, 31, 400]) {
      const canvas = { columns, hasColor: true, hasUnicode: true };
      const seats = seatsPicture(daysOf(Array<Seats>(count).fill([20, count % 21, 1])), canvas);
      const timeline = timelinePicture(timelineOf(VALID, [WARNED, EXPIRED]), canvas);
      for (const line of stripVTControlCharacters(`${seats}${timeline}`).split('\n'))
        expect([line, line.length <= columns]).toEqual([line, true]);
    }
  });

  it.each([
    [[1, 1], 10, [5, 5]],
    [[1, 0], 10, [9, 1]],
    [[0, 0], 10, [9, 1]],
    [[1, 1, 1], 2, [1, 1, 1]],
    [[1, 999, 1], 5, [1, 3, 1]],
  ])('share %j out over %i cells', (weights, cells, shares) => {
    expect(share(weights, cells)).toEqual(shares);
  });

  it('break texts at blanks, and let none move the cursor', () => {
    expect(wrap('one two three', 7, '  ')).toEqual(['one two', '  three']);
    expect(wrap('a\u001b[2Jb', 7)).toEqual(['a?[2Jb']);
  });
});
