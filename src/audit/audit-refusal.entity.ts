import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** How often requests like one were refused (401, 403) within an hour. */
@Entity('audit_refusal')
@Unique('audit_refusal_one_key', ['hour', 'code', 'client', 'caller', 'operation'])
export class AuditRefusalEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'audit_refusal_pkey',
  })
  id!: string;

  /** Its beginning. */
  @Column('timestamptz')
  hour!: Date;

  /** The code of the error. */
  @Column('text')
  code!: string;

  /** The client's address; `*` where too many were refused to name each one. So in the next two. */
  @Column('text')
  client!: string;

  /** {@link Caller.id}; empty for a caller who is not known. */
  @Column('text')
  caller!: string;

  /** `GET /api/licensing/token`, with the route's pattern. */
  @Column('text')
  operation!: string;

  @Column('bigint')
  times!: string;

  @Column('timestamptz', { name: 'first_at' })
  firstAt!: Date;

  @Column('timestamptz', { name: 'last_at' })
  lastAt!: Date;
}
