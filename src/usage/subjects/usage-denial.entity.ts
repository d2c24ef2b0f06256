import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import type { AdmissionReason } from '../../domain/usage/admission.js';
import type { SubjectRole } from '../../domain/usage/subject.js';

const KEY = { primaryKeyConstraintName: 'usage_denial_pkey' };

/** Who was refused on a day: one row however often, as products ask again and again. */
@Entity('usage_denial')
export class UsageDenialEntity {
  @PrimaryColumn({ type: 'integer', ...KEY })
  day!: number;

  @PrimaryColumn({ type: 'text', ...KEY })
  subject!: string;

  @Column('text')
  role!: SubjectRole;

  @Column('text')
  reason!: AdmissionReason;

  @Column(INTEGER)
  times!: number;

  /** Unix seconds, of the last time, as `used` and `seats` are. */
  @Column({ ...INTEGER, name: 'last_at' })
  lastAt!: number;

  @Column(INTEGER)
  used!: number;

  /** The limit. */
  @Column(INTEGER)
  seats!: number;
}
