import { Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { IssuedLicenseEntity } from '../licenses/issued-license.entity.js';
import { DayNumbers } from './day-numbers.entity.js';

/** A closed day of a license, as it was reported first. */
@Entity('reported_day')
export class ReportedDayEntity extends DayNumbers {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'reported_day_pkey' })
  @ForeignKey(() => IssuedLicenseEntity, { name: 'reported_day_lid_fkey' })
  lid!: string;

  /** Days since 1970. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'reported_day_pkey' })
  day!: number;
}
