/** Every action that an endpoint can require (contract: `x-required-action` in docs/openapi.yaml). */
export const ACTIONS = [
  'licensing:read',
  'licensing:write',
  'licensing:delete',
  'licensing.reports:read',
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
] as const;

export type Action = (typeof ACTIONS)[number];
