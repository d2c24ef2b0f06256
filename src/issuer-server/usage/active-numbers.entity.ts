import { Column } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/** How many used a license, as an instance said it: columns of several tables. */
export abstract class ActiveNumbers {
  @Column('timestamptz', { name: 'reported_at' })
  reportedAt!: Date;

  @Column({ ...INTEGER, name: 'active_admins_and_editors' })
  adminsAndEditors!: number;

  @Column({ ...INTEGER, name: 'active_viewers' })
  viewers!: number;

  @Column({ ...INTEGER, name: 'active_users' })
  users!: number;

  @Column({ ...INTEGER, name: 'active_anonymous_devices' })
  devices!: number;
}
