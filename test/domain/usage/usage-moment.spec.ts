import {
  type ClockBase,
  earliestMoment,
  lookAtClock,
  type TimeEvidence,
  usageMoment,
} from '../../../src/domain/usage/usage-moment.js';

const NOW = 1_800_000_000;
const DAY = 86_400;

describe('the earliest moment', () => {
  it.each<[string, Partial<TimeEvidence>, number]>([
    ['nothing contradicts', {}, NOW],
    ['has fractions of a second', { now: NOW + 0.9, unset: NOW + 0.9 }, NOW],
    ['gained a little', { unset: NOW - 2 }, NOW],
    ['was set ahead', { unset: NOW - 3 * DAY }, NOW - 3 * DAY],
    ['was set back', { unset: NOW + 3 * DAY }, NOW],
    ["agrees with the server's", { server: NOW - 10 }, NOW],
    ["is ahead of the server's", { server: NOW - 11 }, NOW - 11],
    ["is behind the server's", { server: NOW + DAY }, NOW],
    ["jumped together with the server's", { unset: NOW - DAY, server: NOW }, NOW - DAY],
    [
      "was set ahead, and is further ahead of the server's",
      { unset: NOW - 60, server: NOW - DAY },
      NOW - DAY,
    ],
  ])('by a clock that %s', (_, evidence, moment) => {
    expect(earliestMoment({ now: NOW, unset: NOW, server: undefined, ...evidence })).toBe(moment);
  });
});

describe('the moment of usage', () => {
  const OPEN = 20_000;
  const MIDNIGHT = (OPEN + 1) * DAY;

  it.each<[string, number, number | undefined, number]>([
    ['what a clock says where no day was closed yet', MIDNIGHT, undefined, MIDNIGHT],
    ['what a clock says in the open day', MIDNIGHT - 5, OPEN, MIDNIGHT - 5],
    ['what a clock says in the last second of the open day', MIDNIGHT - 1, OPEN, MIDNIGHT - 1],
    ['that second at midnight, until the day is closed', MIDNIGHT, OPEN, MIDNIGHT - 1],
    ['that second days later, until the day is closed', MIDNIGHT + 5 * DAY, OPEN, MIDNIGHT - 1],
    ['what a clock says once the day is closed', MIDNIGHT, OPEN + 1, MIDNIGHT],
    ['what a clock says that is behind', MIDNIGHT - 2 * DAY, OPEN, MIDNIGHT - 2 * DAY],
  ])('is %s', (_, earliest, openDay, moment) => {
    expect(usageMoment(earliest, openDay)).toBe(moment);
  });
});

describe('what is believed of the clock', () => {
  /** What the clock would say unset, less what it says, at the last of some looks: [passed, set ahead by]. */
  const believed = (...looks: [passed: number, ahead: number][]) => {
    let base: ClockBase | undefined;
    for (const [passed, ahead] of looks) base = lookAtClock(base, NOW + passed + ahead, passed);
    return (base?.offset ?? NaN) - NOW;
  };

  it.each<[string, [number, number][], number]>([
    ['is the first thing that it says', [[0, 5 * DAY]], 5 * DAY],
    [
      'stays after it was set ahead',
      [
        [0, 0],
        [60, DAY],
      ],
      0,
    ],
    [
      'stays just before a day has passed',
      [
        [0, 0],
        [60, DAY],
        [60 + DAY - 1, DAY],
      ],
      0,
    ],
    [
      'is what it was set to a day ago',
      [
        [0, 0],
        [60, DAY],
        [60 + DAY, DAY],
      ],
      DAY,
    ],
    [
      'is what it was set back to a day ago',
      [
        [0, 0],
        [60, -DAY],
        [60 + DAY, -DAY],
      ],
      -DAY,
    ],
    [
      'stays where it was set back by mistake',
      [
        [0, 0],
        [60, -DAY],
        [120, 0],
      ],
      0,
    ],
    [
      'stays where it was set ahead twice, a day apart',
      [
        [0, 0],
        [60, DAY],
        [120, 0],
        [60 + DAY, DAY],
      ],
      0,
    ],
    [
      'stays where it drifts',
      [
        [0, 0],
        [60, 2],
      ],
      0,
    ],
  ])('%s', (_, looks, offset) => {
    expect(believed(...looks)).toBe(offset);
  });
});
