import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RequestActor } from '../access/actor.decorator.js';
import { actionsOf, ADMINISTRATOR_ROLE } from '../access/roles.js';
import { actionsBeyond } from '../access/token-ceiling.js';
import { AccessDeniedError } from '../domain/access-denied-error.js';
import { CustomRoleStore } from './custom-role.store.js';

/** A caller cannot give, change or take away an action that it does not hold. */
@Injectable()
export class Delegation {
  constructor(private readonly roles: CustomRoleStore) {}

  /**
   * Asserts that the caller holds what these roles give now. That of administrators gives the actions of later
   * releases, too.
   * @throws AccessDeniedError
   */
  async assertHolds(manager: EntityManager, actor: RequestActor, roleUids: readonly string[]): Promise<void> {
    assertNoneMissing(actor, await this.#missing(manager, actor, roleUids));
  }

  /** Whether the caller holds what these roles give now. */
  async holds(manager: EntityManager, actor: RequestActor, roleUids: readonly string[]): Promise<boolean> {
    return (await this.#missing(manager, actor, roleUids)).length === 0;
  }

  async #missing(
    manager: EntityManager,
    actor: RequestActor,
    roleUids: readonly string[],
  ): Promise<string[]> {
    if (roleUids.length === 0) return [];
    const given = actionsOf(roleUids, await this.roles.definitions(manager));
    return actionsBeyond({ actions: given, unlimited: roleUids.includes(ADMINISTRATOR_ROLE.uid) }, actor);
  }
}

/** @throws AccessDeniedError */
export function assertHoldsActions(actor: RequestActor, given: Iterable<string>): void {
  assertNoneMissing(actor, actionsBeyond({ actions: given }, actor));
}

/** @throws AccessDeniedError */
function assertNoneMissing(actor: RequestActor, missing: readonly string[]): void {
  if (missing.length > 0) {
    throw new AccessDeniedError(
      missing,
      `${actor.id} cannot give, change or take away what it does not hold`,
    );
  }
}
