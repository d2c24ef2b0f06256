import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ACCOUNT_ID, ServiceAccountEntity } from './service-account.entity.js';

/** A role that a service account has. */
@Entity('role_assignment')
export class RoleAssignmentEntity {
  @PrimaryColumn({ ...ACCOUNT_ID, primaryKeyConstraintName: 'role_assignment_pkey' })
  @ForeignKey(() => ServiceAccountEntity, {
    name: 'role_assignment_service_account_id_fkey',
    onDelete: 'CASCADE',
  })
  serviceAccountId!: number;

  @PrimaryColumn({ type: 'text', name: 'role_uid', primaryKeyConstraintName: 'role_assignment_pkey' })
  roleUid!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
