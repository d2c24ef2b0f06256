import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** What was changed, by whom: written in the transaction of the change. Afterwards its seal alone is written. */
@Entity('audit_event')
@Index('audit_event_at_idx', ['at'])
@Index('audit_event_actor_idx', ['actor', 'id'])
@Index('audit_event_target_idx', ['target', 'id'])
@Index('audit_event_number_key', ['number'], { unique: true })
@Index('audit_event_unsealed_idx', ['id'], { where: 'number IS NULL' })
@Index('audit_event_license_idx', ['id'], { where: "action LIKE 'license.%'" })
export class AuditEventEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'audit_event_pkey',
  })
  id!: string;

  @Column('timestamptz')
  at!: Date;

  /** {@link Caller.id} */
  @Column('text')
  actor!: string;

  @Column('text')
  action!: string;

  /** What it was done to, such as `license:42` or `service-account:7`. */
  @Column('text')
  target!: string;

  /** What it is afterwards: identities and dates, never a token. */
  @Column('jsonb')
  detail!: object;

  /** What it was before, in the same words; null where it was not there. */
  @Column('jsonb', { nullable: true })
  before!: object | null;

  @Column('text', { name: 'request_id' })
  requestId!: string;

  /** The client's address; empty for what nobody asked for from outside. */
  @Column('text', { default: '' })
  client!: string;

  /** Its place in the chain of hashes; null until it is sealed. */
  @Column('bigint', { nullable: true })
  number!: string | null;

  /** See {@link sealEntry}. */
  @Column('text', { nullable: true })
  hash!: string | null;
}
