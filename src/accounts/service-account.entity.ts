import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { INTEGER } from '../database/integer-column.js';

/** Grafana's basic roles. They are kept for compatibility and grant no licensing action. */
export const BASIC_ROLES = ['None', 'Viewer', 'Editor', 'Admin'] as const;
export type BasicRole = (typeof BASIC_ROLES)[number];

/** A caller that is not a person. */
@Entity('service_account')
@Unique('service_account_name_key', ['name'])
@Unique('service_account_login_key', ['login'])
export class ServiceAccountEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'service_account_pkey',
  })
  id!: string;

  @Column('text')
  name!: string;

  @Column('text')
  login!: string;

  @Column('text')
  role!: BasicRole;

  @Column('boolean', { name: 'is_disabled' })
  isDisabled!: boolean;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A foreign key to {@link ServiceAccountEntity}. */
export const ACCOUNT_ID = { ...INTEGER, name: 'service_account_id' };
