import { type Action, ACTIONS } from './actions.js';

/** What tokens that work now give: the roles of an enabled account, within the ceiling of the tokens. */
export interface Holding {
  readonly actions: ReadonlySet<Action>;
  /** Gives the actions of later releases, too. */
  readonly unlimited: boolean;
  /** One of these tokens works for another day. One that expires sooner makes up for no other. */
  readonly lasts: boolean;
}

/** Makes roles, gives them, and makes tokens. No token has a power over access without one of them. */
export const MANAGEMENT: readonly Action[] = ['roles:write', 'users.roles:add', 'serviceaccounts:write'];

/**
 * What one token must be able to do alone. A caller gives no action that it does not hold, and a token no more than its
 * ceiling, so that a power that is lost never comes back, even if several tokens together hold its actions. So each
 * combination of what manages access is one of its own: tokens apart of each other never make one that holds two.
 */
const POWERS: readonly ((holding: Holding) => boolean)[] = [
  ({ unlimited }) => unlimited,
  ({ actions }) => ACTIONS.every((action) => actions.has(action)),
  ...combinations(MANAGEMENT).map(
    (combination) =>
      ({ actions }: Holding) =>
        combination.every((action) => actions.has(action)),
  ),
];

/** Every selection but the empty one. */
function combinations<T>(of: readonly T[]): T[][] {
  return of.reduce<T[][]>((known, one) => [...known, [one], ...known.map((some) => [...some, one])], []);
}

/**
 * Whether a change of roles, accounts or tokens takes away a power over access that no other token has. A power that
 * no token had cannot be lost.
 */
export function losesAdministrator(before: readonly Holding[], after: readonly Holding[]): boolean {
  const lasting = (holdings: readonly Holding[]) => holdings.filter(({ lasts }) => lasts);
  const loses = (from: readonly Holding[], to: readonly Holding[]) =>
    POWERS.some((has) => from.some(has) && !to.some(has));
  return loses(before, after) || loses(lasting(before), lasting(after));
}
