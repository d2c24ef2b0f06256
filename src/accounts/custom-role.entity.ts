import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A role that administrators made. Fixed roles have no row. */
@Entity('custom_role')
@Unique('custom_role_name_key', ['name'])
export class CustomRoleEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'custom_role_pkey' })
  uid!: string;

  @Column('text')
  name!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  @Column('text')
  description!: string;

  /** Under which heading a page shows the role. */
  @Column('text', { name: 'role_group' })
  group!: string;

  /** As they were stored: an action that this release does not know gives nothing. */
  @Column('text', { array: true })
  actions!: string[];

  /** Grows by one with each change. */
  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
