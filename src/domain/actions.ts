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
] as const;

export type Action = (typeof ACTIONS)[number];
