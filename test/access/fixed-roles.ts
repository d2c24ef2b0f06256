/** The fixed roles as the contract has them, written down once more: what the code says is compared with this. */
const LICENSING_READER = ['licensing:read', 'licensing.reports:read'];
const ROLES_READER = ['roles:read', 'users.roles:read', 'users.permissions:read'];
const LICENSING_WRITER = [...LICENSING_READER, 'licensing:write', 'licensing:delete'];
const ROLES_WRITER = [
  ...ROLES_READER,
  'roles:write',
  'roles:delete',
  'users.roles:add',
  'users.roles:remove',
];
const SERVICE_ACCOUNTS_WRITER = [
  'serviceaccounts:read',
  'serviceaccounts:create',
  'serviceaccounts:write',
  'serviceaccounts:delete',
  'serviceaccounts.permissions:read',
  'serviceaccounts.permissions:write',
];

const USAGE = ['licensing.usage:read', 'licensing.usage:write'];

export const EVERYTHING = [
  ...LICENSING_WRITER,
  ...USAGE,
  ...ROLES_WRITER,
  ...SERVICE_ACCOUNTS_WRITER,
  'audit:read',
  'provisioning:reload',
];

export const FIXED_ROLES = [
  { name: 'basic:grafana_admin', uid: 'basic_grafana_admin', actions: EVERYTHING },
  {
    name: 'fixed:licensing:reader',
    uid: 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE',
    actions: LICENSING_READER,
  },
  {
    name: 'fixed:licensing:writer',
    uid: 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE',
    actions: LICENSING_WRITER,
  },
  {
    name: 'fixed:licensing.usage:reader',
    uid: 'fixed_i7ufNSZCQ7fxYXGGo8b6sM_PLBs',
    actions: ['licensing.usage:read', 'licensing:read'],
  },
  {
    name: 'fixed:licensing.usage:writer',
    uid: 'fixed_PInQKponVEqeB2KdKg-Ul6tDKJQ',
    actions: ['licensing.usage:write'],
  },
  { name: 'fixed:roles:reader', uid: 'fixed_GkfG-1NSwEGb4hpK3-E3qHyNltc', actions: ROLES_READER },
  { name: 'fixed:roles:writer', uid: 'fixed_W5aFaw8isAM27x_eWfElBhZ0iOc', actions: ROLES_WRITER },
  {
    name: 'fixed:serviceaccounts:writer',
    uid: 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk',
    actions: SERVICE_ACCOUNTS_WRITER,
  },
  { name: 'fixed:audit:reader', uid: 'fixed_7TWFM5h6TBrufwb5MMIRPDiqGyM', actions: ['audit:read'] },
  {
    name: 'fixed:provisioning:writer',
    uid: 'fixed_bgk1FCyR6OEDwhgirZlQgu5LlCA',
    actions: ['provisioning:reload'],
  },
];
