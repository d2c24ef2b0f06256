import type { JWK } from 'jose';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { SigningKeyState } from '../../domain/token/key-rotation.js';
import type { SignatureAlgorithm } from '../../domain/token/signature-algorithm.js';

/** A key that licenses are signed with. Its private part is in one of three forms; a retired key has none any more. */
@Entity('signing_key')
@Check('signing_key_state', "state IN ('published', 'active', 'verify-only', 'retired')")
@Check(
  'signing_key_private_part',
  "num_nonnulls(private_jwk, private_sealed, private_file) = CASE WHEN state = 'retired' THEN 0 ELSE 1 END",
)
@Index('signing_key_active_key', ['state'], { unique: true, where: "state = 'active'" })
export class SigningKeyEntity {
  /** The key's thumbprint (RFC 7638). */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'signing_key_pkey' })
  kid!: string;

  @Column('text')
  alg!: SignatureAlgorithm;

  /** In clear: a reader of this column can issue licenses. */
  @Column({ type: 'jsonb', name: 'private_jwk', nullable: true })
  privateJwk!: JWK | null;

  /** When it came into the key set. */
  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('text')
  state!: SigningKeyState;

  /** Its public members, without `kid`, `alg` and `use`. */
  @Column('jsonb', { name: 'public_jwk' })
  publicJwk!: JWK;

  /** Encrypted, see `sealed-text.ts`. */
  @Column({ type: 'text', name: 'private_sealed', nullable: true })
  privateSealed!: string | null;

  /** The path of a PEM file that has it. */
  @Column({ type: 'text', name: 'private_file', nullable: true })
  privateFile!: string | null;

  /** When it began to sign, the last time. */
  @Column({ type: 'timestamptz', name: 'activated_at', nullable: true })
  activatedAt!: Date | null;

  /** When another key took its place, the last time. */
  @Column({ type: 'timestamptz', name: 'verify_only_at', nullable: true })
  verifyOnlyAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'retired_at', nullable: true })
  retiredAt!: Date | null;
}
