import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A closed day of the ledger: written once, never changed. */
@Entity('usage_day')
export class UsageDayEntity {
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'usage_day_pkey' })
  day!: number;

  /** Canonical JSON with the hash of the day before it, as it is hashed. */
  @Column('text')
  content!: string;

  /** SHA-256 of the content, 64 hexadecimal digits. */
  @Column('text')
  hash!: string;
}
