import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import type { SubjectRole } from '../../domain/usage/subject.js';

/** A person who uses the product, or an anonymous device. Days are UTC days since 1970. */
@Entity('usage_subject')
@Check('usage_subject_days', 'first_day <= last_day')
export class UsageSubjectEntity {
  /** HMAC-SHA-256 of kind and name, base64url: the name itself is nowhere. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'usage_subject_pkey' })
  subject!: string;

  @Column('text')
  role!: SubjectRole;

  @Column('integer', { name: 'first_day' })
  firstDay!: number;

  @Column('integer', { name: 'last_day' })
  lastDay!: number;

  /** Of when the role is, Unix seconds: a late report of an older one changes nothing. */
  @Column({ ...INTEGER, name: 'role_at' })
  roleAt!: number;

  /** When it left and freed its seat, Unix seconds; null for one that did not, or came back. */
  @Column({ ...INTEGER, name: 'freed_at', nullable: true })
  freedAt!: number | null;
}
