import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** What was changed, by whom: written in the transaction of the change, never changed afterwards. */
@Entity('audit_event')
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

  /** More about it: identities and dates, never a token. */
  @Column('jsonb')
  detail!: object;

  @Column('text', { name: 'request_id' })
  requestId!: string;
}
