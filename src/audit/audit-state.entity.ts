import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one row of what the audit log keeps beside its records. */
@Entity('audit_state')
@Check('audit_state_one_row', 'id = 1')
export class AuditStateEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'audit_state_pkey' })
  id!: number;

  /** What signs seals where no setting has it. */
  @Column('text', { name: 'signing_key', nullable: true })
  signingKey!: string | null;
}
