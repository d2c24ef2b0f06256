import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Closes a segment of the audit log: an entry of the chain of hashes, signed. */
@Entity('audit_seal')
export class AuditSealEntity {
  /** Its place in the chain. */
  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'audit_seal_pkey' })
  number!: string;

  /** The number of the first record of its segment. */
  @Column('bigint')
  first!: string;

  @Column('timestamptz', { name: 'closed_at' })
  closedAt!: Date;

  /** Canonical JSON, which was hashed. */
  @Column('text')
  content!: string;

  @Column('text')
  hash!: string;

  /** The public key that signed the hash, base64url. */
  @Column('text')
  key!: string;

  @Column('text')
  signature!: string;
}
