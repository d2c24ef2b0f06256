import { type Role, ROLES } from '../access/roles.js';
import { idOf } from './arguments.js';
import { confirm } from './dialog.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';

const YES = ['-y, --yes', 'do not ask'] as const;

/** What accounts may do. */
export function addRoles(role: LicentiaCommand): void {
  role
    .does(
      'list',
      {
        summary: 'list the roles and the actions that they give',
        examples: ['licentia role list'],
        json: '`[{ "name", "uid", "actions" }]`',
      },
      async () => ({
        json: ROLES,
        sections: [
          {
            head: ['name', 'uid', 'actions'],
            rows: ROLES.map(({ name, uid, actions }) => [name, uid, actions]),
          },
        ],
      }),
    )
    .calls(
      'add <account> <role>',
      {
        summary: 'give an account a role, by its name or uid',
        examples: ['licentia role add 7 fixed:licensing:reader'],
        operations: ['addUserRole'],
        exits: '0 given, 1 if there is no such account or role.',
      },
      async ({ api }, account, name) => {
        const params = { path: { id: idOf(account) } };
        const body = { roleUid: uidOf(name) };
        const done = await valueOf(api.POST('/api/access-control/users/{id}/roles', { params, body }));
        return { json: done, sections: [], note: done.message };
      },
    )
    .calls<{ yes?: true }>(
      'remove <account> <role>',
      {
        summary: 'take a role from an account',
        options: [YES],
        examples: ['licentia role remove 7 fixed:licensing:writer --yes'],
        operations: ['removeUserRole'],
        exits: '0 taken, 1 if that would leave no administrator, or there is no such account or role.',
      },
      async ({ api, around, options: { yes = false } }, account, name) => {
        await confirm(around, `Account ${account} will lose the role ${name}.`, yes);
        const params = { path: { id: idOf(account), roleUid: uidOf(name) } };
        const done = await valueOf(api.DELETE('/api/access-control/users/{id}/roles/{roleUid}', { params }));
        return { json: done, sections: [], note: done.message };
      },
    )
    .calls<{ csv?: true }>(
      'holders',
      {
        summary: 'list who holds licensing actions by anything but the fixed roles',
        options: [['--csv', 'as CSV']],
        examples: ['licentia role holders', 'licentia role holders --csv > holders.csv'],
        operations: ['listCustomPermissions', 'exportCustomPermissions'],
      },
      async ({ api, options: { csv } }) => {
        if (csv) {
          const text = await valueOf(api.GET('/api/licensing/custom-permissions-csv', { parseAs: 'text' }));
          return { json: text, sections: [{ text, rows: [] }] };
        }
        const holders = await valueOf(api.GET('/api/licensing/custom-permissions'));
        return {
          json: holders,
          sections: [
            {
              head: ['id', 'role', 'kind', 'name', 'permissions'],
              rows: holders.map(({ id, title, granteeType, granteeName, customPermissions }) => [
                ...[id, title, granteeType, granteeName, customPermissions],
              ]),
            },
          ],
        };
      },
    );
}

/** A role by its name; anything else is a uid, which the service knows. */
function uidOf(name: string | undefined): string {
  return ROLES.find((role: Role) => role.name === name)?.uid ?? (name as string);
}
