import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import { IssuedLicenseEntity } from '../licenses/issued-license.entity.js';

/** What was answered to a renewal, so that its repetition gets the same answer. */
@Entity('renewal')
export class RenewalEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'renewal_pkey' })
  @ForeignKey(() => IssuedLicenseEntity, { name: 'renewal_lid_fkey' })
  lid!: string;

  @PrimaryColumn({ type: 'text', name: 'idempotency_key', primaryKeyConstraintName: 'renewal_pkey' })
  idempotencyKey!: string;

  /** The token that was given. */
  @Column('text')
  token!: string;

  /** Of that token, Unix seconds. */
  @Column(INTEGER)
  iat!: number;

  @Column(INTEGER)
  exp!: number;
}
