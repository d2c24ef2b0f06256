import type { Api } from '#client';
import { idOf } from './arguments.js';
import { CallFailedError } from './command-error.js';
import { confirm } from './dialog.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import { addDefinitions, rolesReport, uidOf } from './role-definition-commands.js';

const YES = ['-y, --yes', 'do not ask'] as const;

/** What accounts may do. */
export function addRoles(role: LicentiaCommand): void {
  addDefinitions(role);
  addAssignments(role);
  addProvisioning(role);
}

/** Who has which role. */
function addAssignments(role: LicentiaCommand): void {
  role
    .calls(
      'of <account>',
      {
        summary: 'list the roles of an account',
        examples: ['licentia role of 7'],
        operations: ['listUserRoles'],
      },
      async ({ api }, account) => {
        const params = { path: { id: idOf(account) } };
        return rolesReport(await valueOf(api.GET('/api/access-control/users/{id}/roles', { params })));
      },
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
        const body = { roleUid: await uidOf(api, name) };
        const done = await valueOf(api.POST('/api/access-control/users/{id}/roles', { params, body }));
        return { json: done, sections: [], note: done.message };
      },
    )
    .calls<{ yes?: true }>(
      'set <account> [roles...]',
      {
        summary: 'have an account have these roles and no others',
        options: [YES],
        examples: ['licentia role set 7 fixed:licensing:reader deployer --yes'],
        operations: ['setUserRoles'],
        exits: '0 set, 1 if that would leave no administrator, or there is no such account or role.',
      },
      async ({ api, around, options: { yes = false } }, account, ...names) => {
        await confirm(
          around,
          `Account ${account} will have these roles alone: ${names.join(', ') || 'none'}.`,
          yes,
        );
        const params = { path: { id: idOf(account) } };
        const roleUids: string[] = [];
        for (const name of names) roleUids.push(await uidOf(api, name));
        const done = await valueOf(
          api.PUT('/api/access-control/users/{id}/roles', { params, body: { roleUids } }),
        );
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
        const params = { path: { id: idOf(account), roleUid: await uidOf(api, name) } };
        const done = await valueOf(api.DELETE('/api/access-control/users/{id}/roles/{roleUid}', { params }));
        return { json: done, sections: [], note: done.message };
      },
    )
    .calls(
      'permissions [account]',
      {
        summary: 'list the actions of an account, or of the token in use',
        examples: ['licentia role permissions', 'licentia role permissions 7'],
        operations: ['listUserPermissions', 'listOwnPermissions', 'getAccessControlStatus'],
      },
      async ({ api }, account) => {
        if (account === undefined) {
          await valueOf(api.GET('/api/access-control/status'));
          const own = await valueOf(api.GET('/api/access-control/user/permissions'));
          return { json: own, sections: [{ head: ['action'], rows: Object.keys(own).map((one) => [one]) }] };
        }
        const params = { path: { id: idOf(account) } };
        const given = await valueOf(api.GET('/api/access-control/users/{id}/permissions', { params }));
        return { json: given, sections: [{ head: ['action'], rows: given.map(({ action }) => [action]) }] };
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

function addProvisioning(role: LicentiaCommand): void {
  role.calls<{ dryRun?: true }>(
    'provision',
    {
      summary: 'apply the files that ACCESS_PROVISIONING_PATH of the service names',
      options: [['--dry-run', 'print what would change, and change nothing']],
      examples: ['licentia role provision --dry-run', 'licentia role provision'],
      operations: ['reloadProvisioning'],
      exits: '0 applied, 1 if a file has a fault.',
    },
    async ({ api, options: { dryRun } }) => {
      const query = dryRun === undefined ? {} : { dryRun: 'true' as const };
      const path = '/api/admin/provisioning/access-control/reload';
      const outcome = await api.POST(path, { params: { query }, body: {} });
      if (!outcome.ok) throw new CallFailedError(outcome.failure, faultyLines(outcome.failure.body));
      const done = outcome.value;
      const rows = done.changes.map(({ action, target, detail }) => [action, target, detail]);
      return {
        json: done,
        sections: [{ head: ['action', 'target', 'detail'], rows }],
        note: [`${done.message}.`, ...linesOf('Not made', done.retired)].join('\n'),
      };
    },
  );
}

/** What to correct, a line for each fault; undefined where the answer names none. */
function faultyLines(body: unknown): string | undefined {
  const { faults = [] } = (body ?? {}) as { faults?: Api.ProvisioningFault[] };
  return faults.length === 0 ? undefined : linesOf('Correct these lines', faults).join('\n');
}

function linesOf(head: string, faults: readonly Api.ProvisioningFault[] = []): string[] {
  if (faults.length === 0) return [];
  return [`${head}:`, ...faults.map(({ file, line, rule }) => `  ${file}:${line}: ${rule}`)];
}
