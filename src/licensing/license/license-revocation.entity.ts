import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/** The newest verified statement by which an issuer revoked a license. */
@Entity('license_revocation')
export class LicenseRevocationEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_revocation_pkey' })
  iss!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'license_revocation_pkey' })
  lid!: string;

  /** When the issuer made it, Unix seconds: tokens issued later lift it. */
  @Column(INTEGER)
  iat!: number;

  /** The signed statement itself. */
  @Column('text')
  statement!: string;

  @Column('timestamptz', { name: 'received_at' })
  receivedAt!: Date;
}
