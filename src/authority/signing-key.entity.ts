import type { JWK_EC_Private } from 'jose';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key that licenses are signed with: whoever reads this table can issue licenses. */
@Entity('signing_key')
export class SigningKeyEntity {
  /** The key's thumbprint (RFC 7638). */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'signing_key_pkey' })
  kid!: string;

  @Column('text')
  alg!: 'ES256';

  @Column('jsonb', { name: 'private_jwk' })
  privateJwk!: JWK_EC_Private;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
