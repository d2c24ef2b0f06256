import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import type { SubjectRole } from '../../domain/usage/subject.js';

const KEY = { primaryKeyConstraintName: 'usage_count_pkey' };

/**
 * How many subjects of a role were seen last on a day: the sum of its shards. Changed in the transaction of the
 * subject's row, so that counting needs no look at the subjects.
 */
@Entity('usage_count')
export class UsageCountEntity {
  @PrimaryColumn({ type: 'integer', ...KEY })
  day!: number;

  @PrimaryColumn({ type: 'text', ...KEY })
  role!: SubjectRole;

  /** One of several, so that parallel transactions seldom wait for each other's row. */
  @PrimaryColumn({ type: 'smallint', ...KEY })
  shard!: number;

  /** A single shard can be negative. */
  @Column(INTEGER)
  subjects!: number;
}
