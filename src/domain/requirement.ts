import type { Action } from './actions.js';

/** What a caller must hold: an action, one of several, or all of several. */
export type Requirement =
  Action | { readonly anyOf: readonly Requirement[] } | { readonly allOf: readonly Requirement[] };

/** Whether these actions are enough. Empty means denied: nothing meets a requirement that names no action. */
export function isMet(requirement: Requirement, actions: ReadonlySet<Action>): boolean {
  if (typeof requirement === 'string') return actions.has(requirement);
  if ('anyOf' in requirement) return requirement.anyOf.some((one) => isMet(one, actions));
  return requirement.allOf.length > 0 && requirement.allOf.every((one) => isMet(one, actions));
}

/** The requirement in words, as an answer 403 has it: `roles:read`, `any of a, b`, `all of a, (any of b, c)`. */
export function describeRequirement(requirement: Requirement): string {
  if (typeof requirement === 'string') return requirement;
  const [word, parts] =
    'anyOf' in requirement ? ['any of', requirement.anyOf] : (['all of', requirement.allOf] as const);
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return describeRequirement(only);
  const named = parts.map((one) => (typeof one === 'string' ? one : `(${describeRequirement(one)})`));
  return `${word} ${named.length === 0 ? 'no action' : named.join(', ')}`;
}

/** The actions of a requirement that are not among these, each once. */
export function missingActions(requirement: Requirement, actions: ReadonlySet<Action>): Action[] {
  const parts =
    typeof requirement === 'string'
      ? undefined
      : 'anyOf' in requirement
        ? requirement.anyOf
        : requirement.allOf;
  if (parts !== undefined) return [...new Set(parts.flatMap((one) => missingActions(one, actions)))];
  const action = requirement as Action;
  return actions.has(action) ? [] : [action];
}
