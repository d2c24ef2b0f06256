import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../database/integer-column.js';

/**
 * A token that was seen expired by clocks that agreed. It is never valid again, whatever a clock says later; a new token, or
 * an upload of this one, is another matter.
 */
@Entity('license_expiry')
export class LicenseExpiryEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_expiry_pkey' })
  iss!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_expiry_pkey' })
  lid!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_expiry_pkey' })
  jti!: string;

  /** By the database's clock, Unix seconds: not before the token's `exp` or the license's `lexp`. */
  @Column({ ...INTEGER, name: 'seen_at' })
  seenAt!: number;
}
