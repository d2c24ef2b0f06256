import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import type { PublicJwk } from '../../domain/token/verification-key.js';

const OPTIONAL_INTEGER = { ...INTEGER, nullable: true };
const OPTIONAL_TEXT = { type: 'text', nullable: true } as const;

/**
 * The one license that the database holds. The row stays when the license goes: its generation is what keeps a
 * renewal that was under way from bringing a removed license back.
 */
@Entity('license')
@Check('license_one_row', 'id = 1')
@Check('license_queued_whole', 'num_nulls(queued_token, queued_signing_key) IN (0, 2)')
@Check(
  'license_whole',
  'num_nulls(token, iss, lid, jti, sub, iat, exp, lexp, signing_key, installed_at) IN (0, 10)',
)
export class LicenseEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'license_pkey' })
  id!: number;

  /** Grows with DELETE and revocation alone. */
  @Column(INTEGER)
  generation!: number;

  /** Grows with every write. */
  @Column(INTEGER)
  revision!: number;

  /** Random, new with every write: after a restore equal counters can stand for another license. */
  @Column('uuid')
  stamp!: string;

  /** The compact JWS, as it was accepted. */
  @Column(OPTIONAL_TEXT)
  token!: string | null;

  @Column(OPTIONAL_TEXT)
  iss!: string | null;

  @Column(OPTIONAL_TEXT)
  lid!: string | null;

  @Column(OPTIONAL_TEXT)
  jti!: string | null;

  @Column(OPTIONAL_TEXT)
  sub!: string | null;

  /** Unix seconds, as `exp` and `lexp`. */
  @Column(OPTIONAL_INTEGER)
  iat!: number | null;

  @Column(OPTIONAL_INTEGER)
  exp!: number | null;

  @Column(OPTIONAL_INTEGER)
  lexp!: number | null;

  /**
   * The public key that verified the token. The issuer may retire a key at any time; what it signed before then
   * stays a license until it expires or is revoked.
   */
  @Column({ type: 'jsonb', name: 'signing_key', nullable: true })
  signingKey!: PublicJwk | null;

  @Column({ type: 'timestamptz', name: 'installed_at', nullable: true })
  installedAt!: Date | null;

  /** The token that this one replaced. */
  @Column({ ...OPTIONAL_TEXT, name: 'previous_token' })
  previousToken!: string | null;

  /** The key that verified it; null for one that was replaced before keys were kept. */
  @Column({ type: 'jsonb', name: 'previous_signing_key', nullable: true })
  previousSigningKey!: PublicJwk | null;

  /** The license of the next term, as it was accepted: it takes over at its `nbf`. */
  @Column({ ...OPTIONAL_TEXT, name: 'queued_token' })
  queuedToken!: string | null;

  @Column({ type: 'jsonb', name: 'queued_signing_key', nullable: true })
  queuedSigningKey!: PublicJwk | null;
}
