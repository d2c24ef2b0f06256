import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { AuditEventEntity } from './audit-event.entity.js';

/** The kinds of change that leave a record. */
export type AuditAction =
  | 'license.install'
  | 'license.renew'
  | 'license.remove'
  | 'license.revoke'
  | 'service-account.create'
  | 'service-account.update'
  | 'service-account.token.create'
  | 'service-account.token.revoke'
  | 'service-account.token.delete'
  | 'role.add'
  | 'role.remove';

/** Records changes: no change without its record, no record without its change. */
@Injectable()
export class AuditLog {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Writes in the transaction that `manager` belongs to, which must be the one of the change. */
  async record(
    manager: EntityManager,
    actor: Actor,
    action: AuditAction,
    target: string,
    detail: Readonly<Record<string, string | number | boolean | null>> = {},
  ): Promise<void> {
    await manager.insert(AuditEventEntity, {
      at: new Date(this.clock.now()),
      actor: actor.id,
      action,
      target,
      detail,
      requestId: actor.requestId,
    });
  }
}
