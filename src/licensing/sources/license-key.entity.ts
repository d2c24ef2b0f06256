import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import type { PublicJwk } from '../../domain/token/verification-key.js';

/**
 * The public key that verified a token of a file or text. What the issuer signed before it retired the key stays a
 * license, over restarts too; the license of the database has its key beside it.
 */
@Entity('license_key')
export class LicenseKeyEntity {
  /** Of the compact JWS, 64 hexadecimal digits. */
  @PrimaryColumn({ type: 'text', name: 'token_sha256', primaryKeyConstraintName: 'license_key_pkey' })
  tokenSha256!: string;

  @Column({ type: 'jsonb', name: 'signing_key' })
  signingKey!: PublicJwk;

  /** The token's, Unix seconds: long after it the row is of no use. */
  @Column(INTEGER)
  exp!: number;
}
