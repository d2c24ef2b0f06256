import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/** What is known of a day that is not closed yet, and what its end alone does not tell. */
@Entity('usage_open_day')
export class UsageOpenDayEntity {
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'usage_open_day_pkey' })
  day!: number;

  /** The most seats in use before a subject freed one. */
  @Column(INTEGER)
  peak!: number;

  /** Reports that arrived on this day of an earlier one. */
  @Column(INTEGER)
  late!: number;

  /** The latest `SeatTerms` of the day, JSON; null for a day on which no process looked. */
  @Column({ type: 'text', nullable: true })
  terms!: string | null;
}
