import { type ClockEvidence, clockDoubt } from '../../src/domain/clock-doubt.js';

const NOW = 1_800_000_000;
const DAY = 86_400;

describe('the clock of the issuer', () => {
  it.each<[string, Partial<ClockEvidence>, ReturnType<typeof clockDoubt>]>([
    ['nothing contradicts', {}, undefined],
    ['was used a minute ago', { lastSeen: NOW - 60 }, undefined],
    ['was used a week ago', { lastSeen: NOW - 7 * DAY }, undefined],
    ['was used more than a week ago', { lastSeen: NOW - 7 * DAY - 1 }, { kind: 'pause', ahead: 7 * DAY + 1 }],
    ['is an hour behind its last use', { lastSeen: NOW + 3600 }, undefined],
    ['is more than an hour behind it', { lastSeen: NOW + 3601 }, { kind: 'set-back', ahead: -3601 }],
    [
      "is an hour behind its last use, and agrees with the server's",
      { lastSeen: NOW + 3600, server: { now: NOW, doubt: 0 } },
      undefined,
    ],
    [
      "is more than an hour behind it, and agrees with the server's: both may have been ahead then",
      { lastSeen: NOW + 3601, server: { now: NOW, doubt: 0 } },
      { kind: 'set-back', ahead: -3601 },
    ],
    [
      "is behind its last use, and differs from the server's",
      { lastSeen: NOW + 3601, server: { now: NOW + 3601, doubt: 0 } },
      { kind: 'server', ahead: -3601 },
    ],
    [
      'was behind its last use, and is a day after it now',
      { lastSeen: NOW - DAY, wasSetBack: true, server: { now: NOW, doubt: 0 } },
      undefined,
    ],
    [
      'was behind its last use, and is more than a day after it now',
      { lastSeen: NOW - DAY - 1, wasSetBack: true, server: { now: NOW, doubt: 0 } },
      { kind: 'pause', ahead: DAY + 1 },
    ],
    [
      'went on for longer than a week in this process, which could store nothing',
      { lastSeen: NOW - 30 * DAY, expected: NOW - 10 },
      undefined,
    ],
    [
      'is behind what this process expects, which an operator confirmed since',
      { lastSeen: NOW - 60, expected: NOW + 6 * DAY },
      undefined,
    ],
    ["agrees with the server's", { server: { now: NOW - 10, doubt: 0 } }, undefined],
    ["is ahead of the server's", { server: { now: NOW - 11, doubt: 0 } }, { kind: 'server', ahead: 11 }],
    ["is behind the server's", { server: { now: NOW + 11, doubt: 0 } }, { kind: 'server', ahead: -11 }],
    ["may agree with the server's, which answered late", { server: { now: NOW - 12, doubt: 2 } }, undefined],
    ['runs as the machine does since its start', { unset: NOW - 3600 }, undefined],
    ['was set ahead since the machine started', { unset: NOW - 3601 }, { kind: 'set-ahead', ahead: 3601 }],
    [
      "was set ahead since then, and agrees with the server's",
      { unset: NOW - 7200, server: { now: NOW, doubt: 0 } },
      undefined,
    ],
    ['was set back since then', { unset: NOW + 7200 }, undefined],
    [
      'cannot be compared, as the server took too long',
      { server: { now: NOW, doubt: 2.1 } },
      { kind: 'slow', ahead: 0 },
    ],
    ['was set back', { earliest: NOW }, undefined],
    ['was set ahead a little', { earliest: NOW - 10 }, undefined],
    ['was set ahead', { earliest: NOW - 11 }, { kind: 'jump', ahead: 11 }],
    [
      "jumped, as after a sleep, and agrees with the server's",
      { earliest: NOW - 3600, server: { now: NOW, doubt: 0 } },
      undefined,
    ],
    [
      "agrees with the server's, and was used a week ago",
      { lastSeen: NOW - 7 * DAY, server: { now: NOW, doubt: 0 } },
      undefined,
    ],
    [
      "agrees with the server's, and was last used 300 days ago: both may be of one machine",
      { lastSeen: NOW - 300 * DAY, server: { now: NOW, doubt: 0 } },
      { kind: 'pause', ahead: 300 * DAY },
    ],
  ])('that %s', (_, evidence, doubt) => {
    expect(clockDoubt({ now: NOW, earliest: NOW, ...evidence })).toEqual(doubt);
  });
});
