import { fromNow, isoTime, localDay, localTime, spanOf, utcTime } from '../../web/src/moments.js';

const AT = 1_796_474_600;

describe('a moment', () => {
  it.each([
    ['UTC', '5 Dec 2026, 12:43'],
    ['Europe/Berlin', '5 Dec 2026, 13:43'],
    ['Asia/Kathmandu', '5 Dec 2026, 18:28'],
    ['America/Los_Angeles', '5 Dec 2026, 04:43'],
  ])('is shown in the zone %s', (zone, text) => {
    expect(localTime(AT, zone)).toBe(text);
    expect(localDay(AT, zone)).toBe(text.slice(0, 10));
  });

  it('has its seconds in UTC', () => {
    expect([utcTime(AT), isoTime(AT)]).toEqual(['2026-12-05 12:43:20 UTC', '2026-12-05T12:43:20.000Z']);
  });

  it('that no calendar has is shown as its number', () => {
    expect([localTime(9e15), utcTime(9e15), isoTime(9e15)]).toEqual([
      '9000000000000000',
      '9000000000000000',
      '',
    ]);
  });
});

describe('a length of time', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, '1 minute'],
    [119, '1 minute'],
    [120, '2 minutes'],
    [7_199, '119 minutes'],
    [7_200, '2 hours'],
    [172_799, '47 hours'],
    [172_800, '2 days'],
    [364 * 86_400, '364 days'],
    [3 * 365 * 86_400, '3 years'],
  ])('of %d seconds is %s', (seconds, text) => {
    expect(spanOf(seconds)).toBe(text);
  });

  it.each([
    [0, 'now'],
    [-120, '2 minutes ago'],
    [7 * 86_400, 'in 7 days'],
  ])('from now to %d seconds later is "%s"', (seconds, text) => {
    expect(fromNow(AT + seconds, AT)).toBe(text);
  });
});
