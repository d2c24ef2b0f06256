import { Column } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import { ActiveNumbers } from './active-numbers.entity.js';

/** The columns with the numbers of a closed day. */
export abstract class DayNumbers extends ActiveNumbers {
  @Column(INTEGER)
  used!: number;

  /** Null for any number. */
  @Column({ ...INTEGER, name: 'seat_limit', nullable: true })
  limit!: number | null;

  @Column(INTEGER)
  peak!: number;

  @Column(INTEGER)
  denials!: number;
}
