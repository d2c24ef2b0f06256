import { Column, Entity, ForeignKey, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { ACCOUNT_ID, ServiceAccountEntity } from './service-account.entity.js';

/** A token of a service account: never the token, only its SHA-256. */
@Entity('service_account_token')
@Unique('service_account_token_hash_key', ['hash'])
@Unique('service_account_token_name_key', ['serviceAccountId', 'name'])
export class ServiceAccountTokenEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'service_account_token_pkey',
  })
  id!: string;

  @Column(ACCOUNT_ID)
  @ForeignKey(() => ServiceAccountEntity, {
    name: 'service_account_token_service_account_id_fkey',
    onDelete: 'CASCADE',
  })
  serviceAccountId!: number;

  @Column('text')
  name!: string;

  /** SHA-256, base64url. */
  @Column('text')
  hash!: string;

  @Column('timestamptz')
  created!: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  /**
   * The actions that its maker held, and every caller who renamed its account: the most that it gives. `*` for
   * all; null where a former release stored it.
   */
  @Column('text', { array: true, nullable: true })
  ceiling!: string[] | null;

  @Column('boolean', { name: 'is_revoked' })
  isRevoked!: boolean;
}
