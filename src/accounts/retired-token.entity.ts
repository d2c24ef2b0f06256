import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A token that was revoked, or whose account was disabled, when it was deleted: no file makes it again. */
@Entity('retired_token')
export class RetiredTokenEntity {
  /** SHA-256, base64url. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'retired_token_pkey' })
  hash!: string;

  @Column('timestamptz', { name: 'retired_at' })
  retiredAt!: Date;
}
