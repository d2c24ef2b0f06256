import { actionsOf, ADMINISTRATOR_ROLE, type CustomRoles } from '../access/roles.js';
import { limit } from '../access/token-ceiling.js';
import type { Caller, KnownToken } from '../domain/caller.js';
import type { KnownTokens } from '../snapshot/snapshot.js';
import type { TokenTable } from '../snapshot/token-table.js';

/** What a token gives, before custom roles are looked up. Tokens of an account with the same ceiling share one. */
export interface Grant {
  readonly callerId: string;
  /** Of the account. */
  readonly name: string;
  readonly roleUids: readonly string[];
  readonly ceiling: readonly string[];
}

/** A token as it was read, with its roles by uid. */
export type StoredToken = Omit<KnownToken, 'caller'> & { readonly grant: Grant };

/**
 * The known tokens, with what custom roles give now. Which actions a token has is found when it is used, so a changed
 * role replaces `roles` alone, however many tokens have it.
 */
export class GrantedTokens implements KnownTokens {
  readonly #callers = new WeakMap<Grant, Caller>();

  constructor(
    readonly table: TokenTable<StoredToken>,
    readonly roles: CustomRoles,
  ) {}

  find(hash: string): KnownToken | undefined {
    const token = this.table.find(hash);
    if (token === undefined) return undefined;
    const { grant, ...known } = token;
    return { ...known, caller: this.#callerOf(grant) };
  }

  #callerOf(grant: Grant): Caller {
    const known = this.#callers.get(grant);
    if (known !== undefined) return known;
    const { callerId: id, name, roleUids, ceiling } = grant;
    const unlimited = roleUids.includes(ADMINISTRATOR_ROLE.uid);
    const caller = limit({ id, name, actions: actionsOf(roleUids, this.roles), unlimited }, ceiling);
    this.#callers.set(grant, caller);
    return caller;
  }
}
