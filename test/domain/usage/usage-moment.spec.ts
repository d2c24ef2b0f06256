import {
  type ClockBase,
  lookAtClock,
  type TimeEvidence,
  usageMoment,
} from '../../../src/domain/usage/usage-moment.js';

const NOW = 1_800_000_000;
const DAY = 86_400;

describe('the moment of usage', () => {
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
    expect(usageMoment({ now: NOW, unset: NOW, server: undefined, ...evidence })).toBe(moment);
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
