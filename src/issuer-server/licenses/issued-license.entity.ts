import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import type { SeatPolicyClaim } from '../../domain/usage/seat-policy.js';

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

  /** Limits by role; they count where `includedUsers` is 0 or null. */
  @Column({ type: 'integer', name: 'included_admins', nullable: true })
  includedAdmins!: number | null;

  @Column({ type: 'integer', name: 'included_viewers', nullable: true })
  includedViewers!: number | null;

  /** How many anonymous devices take one seat. */
  @Column({ type: 'integer', name: 'anonymous_ratio', nullable: true })
  anonymousRatio!: number | null;

  /** How many sessions a user can have at a time. */
  @Column({ type: 'integer', name: 'max_sessions', nullable: true })
  maxSessions!: number | null;

  /** Whether use is billed: instances report it, and refuse no user. */
  @Column('boolean', { name: 'usage_billing', default: false })
  usageBilling!: boolean;

  @Column({ type: 'jsonb', name: 'seat_policy', nullable: true })
  seatPolicy!: SeatPolicyClaim | null;

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

  /** SHA-256 of the terms it was issued with, hexadecimal; null where a release before this column issued it. */
  @Column({ type: 'text', name: 'issue_digest', nullable: true })
  issueDigest!: string | null;
}
