import { COLUMN_TYPES, UnreadableTimeError } from '../../src/database/column-types.js';

const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const JSONB = 3802;

const read = (oid: number, text: string) =>
  (COLUMN_TYPES.getTypeParser(oid, 'text') as (text: string) => unknown)(text);

describe('A time of the database', () => {
  it.each([
    [TIMESTAMPTZ, '2026-11-27 02:40:17+00', '2026-11-27T02:40:17.000Z'],
    [TIMESTAMPTZ, '2026-11-27 08:25:17.123456+05:45', '2026-11-27T02:40:17.123Z'],
    [TIMESTAMPTZ, '12026-01-02 03:04:05.6-00:00:01', '+012026-01-02T03:04:06.600Z'],
  ])('is read: %s %s', (oid, text, time) => {
    expect((read(oid, text) as Date).toISOString()).toBe(time);
  });

  it.each([
    [TIMESTAMPTZ, '27.11.2026 02:40:17 UTC'],
    [TIMESTAMPTZ, '11/27/2026 02:40:17 UTC'],
    [TIMESTAMPTZ, 'Fri Nov 27 02:40:17 2026 UTC'],
    [TIMESTAMPTZ, 'infinity'],
    [TIMESTAMPTZ, '-infinity'],
    [TIMESTAMPTZ, '0044-03-15 12:00:00+00 BC'],
    [TIMESTAMPTZ, '294276-12-31 00:00:00+00'],
    [TIMESTAMPTZ, ''],
    [TIMESTAMP, '27.11.2026 02:40:17'],
    [DATE, '27.11.2026'],
  ])('that cannot be read is an error, never "none": %s %s', (oid, text) => {
    expect(() => read(oid, text)).toThrow(UnreadableTimeError);
  });

  it('leaves all other types as the driver has them', () => {
    expect(read(JSONB, '{"a":1}')).toEqual({ a: 1 });
  });
});
