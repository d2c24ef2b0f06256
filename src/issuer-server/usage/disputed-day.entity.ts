import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { DayNumbers } from './day-numbers.entity.js';
import { ReportedDayEntity } from './reported-day.entity.js';

/** A day that was reported again with other numbers: the newest other ones, as of an hour ago or less. */
@Entity('disputed_day')
@ForeignKey(() => ReportedDayEntity, ['lid', 'day'], ['lid', 'day'], {
  name: 'disputed_day_lid_day_fkey',
  onDelete: 'CASCADE',
})
export class DisputedDayEntity extends DayNumbers {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'disputed_day_pkey' })
  lid!: string;

  /** Days since 1970. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'disputed_day_pkey' })
  day!: number;

  /** When other numbers came for the first time. */
  @Column('timestamptz', { name: 'disputed_at' })
  disputedAt!: Date;
}
