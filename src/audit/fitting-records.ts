import type { SelectQueryBuilder } from 'typeorm';
import type { AuditEventEntity } from './audit-event.entity.js';

/** The first records of a query. */
export interface RecordsThatFit {
  readonly records: AuditEventEntity[];
  /** Whether the query has no others. */
  readonly isAll: boolean;
}

/** So many are read first, then twice as many each time: of long records few, of short ones seldom. */
const FIRST_READ = 32;

/**
 * Loads the first records of a query that are short enough together, and at least one. A license of 64 KiB makes a
 * record of that length, and a thousand of them are more than memory and time-outs allow.
 *
 * @param query - of `event`
 * @param order - by id
 * @param limit - how many at most
 * @param maxLength - how long their facts may be together, characters
 */
export async function fittingRecords(
  query: SelectQueryBuilder<AuditEventEntity>,
  order: 'ASC' | 'DESC',
  limit: number,
  maxLength: number,
): Promise<RecordsThatFit> {
  const records: AuditEventEntity[] = [];
  let length = 0;
  for (let size = FIRST_READ; ; size *= 2) {
    // One more than the limit tells whether there are others.
    const count = Math.min(size, limit + 1 - records.length);
    const part = query.clone().orderBy('event.id', order).limit(count);
    const last = records.at(-1)?.id;
    if (last !== undefined) part.andWhere(`event.id ${order === 'ASC' ? '>' : '<'} :last`, { last });
    const read = await part.getMany();
    for (const record of read) {
      length += lengthOf(record);
      const fits = records.length < limit && (records.length === 0 || length <= maxLength);
      if (!fits) return { records, isAll: false };
      records.push(record);
    }
    if (read.length < count) return { records, isAll: true };
  }
}

function lengthOf({ detail, before }: AuditEventEntity): number {
  return JSON.stringify(detail).length + JSON.stringify(before).length;
}
