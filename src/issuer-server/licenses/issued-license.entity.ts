import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

export type IssuedLicenseStatus = 'active' | 'suspended' | 'revoked';

/** A license that was issued: its terms, which every token of it repeats, and where it stands. */
@Entity('issued_license')
@Check('issued_license_status', "status IN ('active', 'suspended', 'revoked')")
@Check('issued_license_revoked', "(status = 'revoked') = (revoked_at IS NOT NULL)")
@Check('issued_license_token_seconds', 'token_seconds > 0')
export class IssuedLicenseEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'issued_license_pkey' })
  lid!: string;

  @Column('text')
  status!: IssuedLicenseStatus;

  /** The root URL of the instance, canonical. */
  @Column('text')
  sub!: string;

  @Column('text', { array: true })
  prod!: string[];

  @Column({ type: 'text', nullable: true })
  company!: string | null;

  @Column({ type: 'integer', name: 'included_users', nullable: true })
  includedUsers!: number | null;

  /** Start and end of the license, Unix seconds. */
  @Column(INTEGER)
  nbf!: number;

  @Column(INTEGER)
  lexp!: number;

  /** How long a token lasts, seconds. */
  @Column({ ...INTEGER, name: 'token_seconds' })
  tokenSeconds!: number;

  @Column('integer', { name: 'lic_exp_warn_days' })
  licExpWarnDays!: number;

  @Column('integer', { name: 'tok_exp_warn_days' })
  tokExpWarnDays!: number;

  @Column('integer', { name: 'update_days' })
  updateDays!: number;

  /** The greatest `iat` that was given out, Unix seconds: the next token's is greater. */
  @Column({ ...INTEGER, name: 'last_iat' })
  lastIat!: number;

  /**
   * The token that has this `iat`; null after a revocation. One with another `iat` is not the newest: a
   * release before this column gave that.
   */
  @Column({ type: 'text', name: 'last_token', nullable: true })
  lastToken!: string | null;

  /**
   * The greatest `iat` that was signed by a clock that was ahead, Unix seconds: null where a repair never
   * found one.
   */
  @Column({ ...INTEGER, name: 'ahead_iat', nullable: true })
  aheadIat!: number | null;

  /** The `iat` of the revocation statement, Unix seconds: it covers every token given out until then. */
  @Column({ ...INTEGER, name: 'revoked_at', nullable: true })
  revokedAt!: number | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
