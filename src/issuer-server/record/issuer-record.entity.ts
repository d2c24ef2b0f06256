import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/** The one row that says which issuer a database belongs to. */
@Entity('issuer_record')
@Check('issuer_record_one_row', 'id = 1')
export class IssuerRecordEntity {
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'issuer_record_pkey' })
  id!: number;

  /** The `iss` of everything that was signed. */
  @Column({ type: 'text', name: 'issuer_id' })
  issuerId!: string;

  /**
   * The latest moment that the issuer's clock has shown while it was confirmed, Unix seconds; 0 before the
   * first one.
   */
  @Column({ ...INTEGER, name: 'last_seen' })
  lastSeen!: number;

  /**
   * When the clock was seen far behind {@link lastSeen}, by that clock, Unix seconds; null where it was not, or where
   * it is there again or was confirmed since.
   */
  @Column({ ...INTEGER, name: 'set_back_at', nullable: true })
  setBackAt!: number | null;

  /** The run of the machine on which {@link bootedAt} was noted; null where none was. */
  @Column({ type: 'text', name: 'boot_id', nullable: true })
  bootId!: string | null;

  /** When that run began, by the clock as it was when it was first confirmed in it, Unix seconds. */
  @Column({ ...INTEGER, name: 'booted_at', nullable: true })
  bootedAt!: number | null;
}
