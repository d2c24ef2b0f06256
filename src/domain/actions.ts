/** Every action that an endpoint can require (contract: `x-required-action` in docs/openapi.yaml). */
export const ACTIONS = [
  'licensing:read',
  'licensing:write',
  'licensing:delete',
  'licensing.reports:read',
  'licensing.usage:read',
  'licensing.usage:write',
  'roles:read',
  'roles:write',
  'roles:delete',
  'users.roles:read',
  'users.roles:add',
  'users.roles:remove',
  'users.permissions:read',
  'serviceaccounts:read',
  'serviceaccounts:create',
  'serviceaccounts:write',
  'serviceaccounts:delete',
  'serviceaccounts.permissions:read',
  'serviceaccounts.permissions:write',
  'audit:read',
  'provisioning:reload',
] as const;

export type Action = (typeof ACTIONS)[number];

const KNOWN: ReadonlySet<string> = new Set(ACTIONS);

/** Names that older documents have for an action. They are read, and never printed. */
const FORMER_NAMES: Readonly<Record<string, Action>> = { 'licensing:update': 'licensing:write' };

export function isAction(text: string): text is Action {
  return KNOWN.has(text);
}

/** The action of a name that comes from outside, former names included; undefined where there is none. */
export function actionNamed(text: string): Action | undefined {
  if (isAction(text)) return text;
  return Object.hasOwn(FORMER_NAMES, text) ? FORMER_NAMES[text] : undefined;
}
