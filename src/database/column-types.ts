import pg from 'pg';

/** A time of the database that has no meaning here: another date style, infinity, a year that no `Date` has. */
export class UnreadableTimeError extends Error {
  override readonly name = 'UnreadableTimeError';
}

/** As PostgreSQL writes times in `DateStyle = ISO`. */
const ISO_TIME = /^\d{4,6}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[+-]\d\d(?::\d\d){0,2})?)?$/;

const { DATE, TIMESTAMP, TIMESTAMPTZ } = pg.types.builtins;
const TIMES: ReadonlySet<number> = new Set([DATE, TIMESTAMP, TIMESTAMPTZ]);

/**
 * How the texts of the database become values, for the `types` of our connections. `pg` by itself reads a
 * time that it does not understand as null, and null means "none" and "never" in our tables: here it is an
 * error.
 */
export const COLUMN_TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    const parse = pg.types.getTypeParser(oid, format) as (text: string) => unknown;
    return TIMES.has(oid) && format !== 'binary' ? (text: string) => readTime(text, parse) : parse;
  }) as typeof pg.types.getTypeParser,
};

/** @throws UnreadableTimeError */
function readTime(text: string, parse: (text: string) => unknown): unknown {
  const time = ISO_TIME.test(text) ? parse(text) : null;
  if (time !== null && !Number.isNaN(Number(time))) return time;
  throw new UnreadableTimeError(
    `The database returned a time in an unknown format: ${JSON.stringify(text)}.`,
  );
}
