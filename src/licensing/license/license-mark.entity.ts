import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/**
 * The latest moment at which something was concluded of a token that cannot be taken back: that it has expired, or that its
 * term has begun. No earlier moment counts for it any more, whatever a clock says later.
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
