import { Column } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/** The columns with the numbers of a closed day. */
export abstract class DayNumbers {
  @Column('timestamptz', { name: 'reported_at' })
  reportedAt!: Date;

  @Column(INTEGER)
  used!: number;

  /** Null for any number. */
  @Column({ ...INTEGER, name: 'seat_limit', nullable: true })
  limit!: number | null;

  @Column(INTEGER)
  peak!: number;

  @Column(INTEGER)
  denials!: number;

  @Column({ ...INTEGER, name: 'active_admins_and_editors' })
  adminsAndEditors!: number;

  @Column({ ...INTEGER, name: 'active_viewers' })
  viewers!: number;

  @Column({ ...INTEGER, name: 'active_users' })
  users!: number;

  @Column({ ...INTEGER, name: 'active_anonymous_devices' })
  devices!: number;
}
