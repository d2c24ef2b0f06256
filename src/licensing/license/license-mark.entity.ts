import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/**
 * The latest moment at which a token was seen expired, or its term was seen to have begun. The token is never judged by
 * an earlier moment again, even if a clock is set back.
 */
@Entity('license_mark')
export class LicenseMarkEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_mark_pkey' })
  iss!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_mark_pkey' })
  lid!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_mark_pkey' })
  jti!: string;

  /** By the database's clock, Unix seconds. */
  @Column({ ...INTEGER, name: 'seen_at' })
  seenAt!: number;
}
