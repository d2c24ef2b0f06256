import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { JsonObject } from '../domain/token/strict-json.js';

/** The last good key set of an address, so that a cold start needs no issuer. */
@Entity('key_set')
export class KeySetEntity {
  /** Where it was fetched from. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'key_set_pkey' })
  source!: string;

  /** The usable keys of the set, RFC 7517. */
  @Column('jsonb')
  keys!: JsonObject;

  @Column('timestamptz', { name: 'fetched_at' })
  fetchedAt!: Date;

  /** Until when the issuer said that it can be used without asking again. */
  @Column('timestamptz', { name: 'fresh_until' })
  freshUntil!: Date;
}
