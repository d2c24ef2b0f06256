import type { Action } from '../domain/actions.js';
import type { Caller } from '../domain/caller.js';
import { actionsOf, ADMINISTRATOR_ROLE } from './roles.js';

/** The ceiling of a token whose maker was an administrator: no limit, also of actions of later releases. */
export const NO_LIMIT = '*';

/** The most that a token made by this caller gives, as it is stored. */
export function ceilingOf({ actions, unlimited }: Pick<Caller, 'actions' | 'unlimited'>): string[] {
  return unlimited === true ? [NO_LIMIT] : [...actions].sort();
}

/**
 * The ceiling of a token that a replica of a former release stored without one during an upgrade: what its account had
 * when the token was made. A role that came later might be more than the unknown maker held. Custom roles give it
 * nothing: they can change later, and that release knew none.
 *
 * @param roles - of the token's account now, each with the time when it was given
 */
export function ceilingWithoutRecord(
  tokenCreated: Date,
  roles: readonly { readonly roleUid: string; readonly createdAt: Date }[],
): string[] {
  const before = roles.filter(({ createdAt }) => createdAt < tokenCreated).map(({ roleUid }) => roleUid);
  return ceilingOf({ actions: actionsOf(before), unlimited: before.includes(ADMINISTRATOR_ROLE.uid) });
}

/** The caller that a token stands for: the actions of its account that the ceiling has, too. */
export function limit(caller: Caller, ceiling: readonly string[]): Caller {
  if (ceiling.includes(NO_LIMIT)) return caller;
  const most = new Set(ceiling);
  const has = (action: Action) => most.has(action);
  const actions = [...caller.actions];
  return {
    ...caller,
    unlimited: false,
    actions: new Set(actions.filter(has)),
    withheld: new Set(actions.filter((action) => !has(action))),
  };
}

/** The actions of a caller that another one lacks, which so may not take them away: names for a refusal. */
export function actionsBeyond(
  caller: { readonly actions: Iterable<string>; readonly unlimited?: boolean | undefined },
  other: Pick<Caller, 'actions' | 'unlimited'>,
): string[] {
  const held: ReadonlySet<string> = other.actions;
  const missing = [...caller.actions].filter((action) => !held.has(action));
  if (missing.length === 0 && caller.unlimited === true && other.unlimited !== true)
    missing.push(ADMINISTRATOR_ROLE.name);
  return missing;
}
