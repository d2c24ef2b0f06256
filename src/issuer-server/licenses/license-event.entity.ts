import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import { IssuedLicenseEntity } from './issued-license.entity.js';

/** `recorded`: the license is older than this history. `token`: an operator printed its token. */
export const LICENSE_EVENT_KINDS = [
  'recorded',
  'issued',
  'renewed',
  'token',
  'changed',
  'prolonged',
  'suspended',
  'resumed',
  'revoked',
  'repaired',
] as const;

export type LicenseEventKind = (typeof LICENSE_EVENT_KINDS)[number];

/** What happened to a license, and every token of it that was signed: written in the transaction of the change. */
@Entity('license_event')
@Check(
  'license_event_kind',
  "kind IN ('recorded', 'issued', 'renewed', 'token', 'changed', 'prolonged', 'suspended', 'resumed', 'revoked', 'repaired')",
)
@Check('license_event_token', 'num_nonnulls(kid, iat, exp) IN (0, 3)')
@Index('license_event_lid_idx', ['lid', 'id'])
@Index('license_event_kid_idx', ['kid', 'exp'])
export class LicenseEventEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'license_event_pkey',
  })
  id!: string;

  @Column('text')
  @ForeignKey(() => IssuedLicenseEntity, { name: 'license_event_lid_fkey' })
  lid!: string;

  @Column('timestamptz')
  at!: Date;

  @Column('text')
  kind!: LicenseEventKind;

  /** The operator: an account of the machine, or the address that had the token of operators; null for a renewal. */
  @Column({ type: 'text', nullable: true })
  actor!: string | null;

  /** The instance that renewed, and its version. */
  @Column({ type: 'text', nullable: true })
  instance!: string | null;

  @Column({ type: 'text', nullable: true })
  version!: string | null;

  /** Of the token that was signed, where one was; of a `recorded` license of the last one that there can be. */
  @Column({ type: 'text', nullable: true })
  jti!: string | null;

  /** The key that signed it. */
  @Column({ type: 'text', nullable: true })
  kid!: string | null;

  /** Unix seconds, as `exp`. */
  @Column({ ...INTEGER, nullable: true })
  iat!: number | null;

  @Column({ ...INTEGER, nullable: true })
  exp!: number | null;

  /** The terms that changed, see `changed-terms.ts`. */
  @Column({ type: 'jsonb', nullable: true })
  detail!: object | null;
}
