import { Check, Column, Entity, ForeignKey, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { ServiceAccountTokenEntity } from '../accounts/service-account-token.entity.js';

/** A session of the page: never its secret, only the SHA-256 of that. */
@Entity('ui_session')
@Unique('ui_session_hash_key', ['hash'])
@Check('ui_session_basis', '(token_id IS NULL) <> (proof IS NULL)')
export class SessionEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'ui_session_pkey',
  })
  id!: string;

  /** SHA-256, base64url. */
  @Column('text')
  hash!: string;

  /** {@link Caller.id} */
  @Column('text')
  caller!: string;

  /** Of the service account's token that it stands on: without that it is gone. */
  @Column('bigint', { name: 'token_id', nullable: true })
  @ForeignKey(() => ServiceAccountTokenEntity, {
    name: 'ui_session_token_id_fkey',
    onDelete: 'CASCADE',
  })
  tokenId!: string | null;

  /** See {@link configuredProof}; null where it stands on a token. */
  @Column('text', { nullable: true })
  proof!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_used_at' })
  lastUsedAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  /** The client's address. */
  @Column('text')
  address!: string;
}
