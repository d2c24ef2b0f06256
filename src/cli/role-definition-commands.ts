import type { Api, Client } from '#client';
import { type Role, ROLES } from '../access/roles.js';
import { CommandError } from './command-error.js';
import { confirm } from './dialog.js';
import { ExitCode } from './exit-code.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import type { Report } from './report.js';

const YES = ['-y, --yes', 'do not ask'] as const;

const ROLE_OPTIONS = [
  ['--action <action...>', 'an action that it gives; can be repeated'],
  ['--display-name <text>', 'its name for people'],
  ['--description <text>', 'what it is for'],
  ['--group <text>', 'what it belongs to'],
] as const;

interface RoleOptions {
  readonly action?: string[];
  readonly displayName?: string;
  readonly description?: string;
  readonly group?: string;
}

/** The roles themselves. */
export function addDefinitions(role: LicentiaCommand): void {
  role
    .calls(
      'list',
      {
        summary: 'list the roles and the actions that they give',
        examples: ['licentia role list'],
        operations: ['listRoles'],
      },
      async ({ api }) => rolesReport(await valueOf(api.GET('/api/access-control/roles'))),
    )
    .calls(
      'show <role>',
      {
        summary: 'show a role, by its name or uid',
        examples: ['licentia role show deployer'],
        operations: ['getRole'],
        exits: '0 shown, 1 if there is no such role.',
      },
      async ({ api }, name) => {
        const params = { path: { uid: await uidOf(api, name) } };
        return roleReport(await valueOf(api.GET('/api/access-control/roles/{uid}', { params })));
      },
    )
    .calls<RoleOptions & { uid?: string }>(
      'create <name>',
      {
        summary: 'create a role; it gives the actions that are named',
        options: [['--uid <uid>', 'its uid (a random one)'], ...ROLE_OPTIONS],
        examples: [
          'licentia role create custom:license:deployer --uid deployer --action licensing:read --action licensing:write',
        ],
        operations: ['createRole'],
        exits: '0 created, 1 if the name or uid is taken, or there are too many.',
      },
      async ({ api, options: { uid, ...options } }, name) => {
        const body = { name, ...contentOf(options), ...(uid !== undefined && { uid }) };
        return roleReport(await valueOf(api.POST('/api/access-control/roles', { body })));
      },
    )
    .calls<RoleOptions & { name?: string }>(
      'update <role>',
      {
        summary: 'change a role; what is not named stays, and --action names all that it gives',
        options: [['--name <name>', 'its new name'], ...ROLE_OPTIONS],
        examples: ['licentia role update deployer --action licensing:read'],
        operations: ['getRole', 'updateRole'],
        exits: '0 changed, 1 if the role changed meanwhile, or there is none.',
      },
      async ({ api, options: { name, ...options } }, role) => {
        const params = { path: { uid: await uidOf(api, role) } };
        const known = await valueOf(api.GET('/api/access-control/roles/{uid}', { params }));
        const { version, displayName, description, group, permissions } = known;
        const body = {
          ...{ version, name: name ?? known.name, displayName, description, group, permissions },
          ...contentOf(options, permissions),
        };
        return roleReport(await valueOf(api.PUT('/api/access-control/roles/{uid}', { params, body })));
      },
    )
    .calls<{ force?: true; yes?: true }>(
      'delete <role>',
      {
        summary: 'delete a role',
        options: [['--force', 'take it from the accounts that have it'], YES],
        examples: ['licentia role delete deployer --force --yes'],
        operations: ['deleteRole'],
        exits: '0 deleted, 1 if accounts have it, or there is no such role.',
      },
      async ({ api, around, options: { force, yes = false } }, name) => {
        await confirm(around, `The role ${name} will be deleted.`, yes);
        const params = {
          path: { uid: await uidOf(api, name) },
          query: force === undefined ? {} : { force: 'true' as const },
        };
        const done = await valueOf(api.DELETE('/api/access-control/roles/{uid}', { params }));
        return { json: done, sections: [], note: done.message };
      },
    );
}

export function rolesReport(roles: readonly Api.Role[]): Report {
  return {
    json: roles,
    sections: [
      {
        head: ['name', 'uid', 'version', 'actions'],
        rows: roles.map(({ name, uid, version, permissions }) => [
          ...[name, uid, version, permissions.map(({ action }) => action)],
        ]),
      },
    ],
  };
}

/** A list has no room for descriptions: its table would be wider than a terminal. */
function roleReport(role: Api.Role): Report {
  const { name, uid, version, permissions, description } = role;
  const actions = permissions.map(({ action }) => action);
  return {
    json: role,
    sections: [
      {
        head: ['name', 'uid', 'version', 'actions', 'description'],
        rows: [[name, uid, version, actions, description]],
      },
    ],
  };
}

/** @param known - what the role gives; none unless given */
function contentOf(
  { action, displayName, description, group }: RoleOptions,
  known: readonly Api.Permission[] = [],
) {
  return {
    permissions: action?.map((one) => ({ action: one })) ?? [...known],
    ...(displayName !== undefined && { displayName }),
    ...(description !== undefined && { description }),
    ...(group !== undefined && { group }),
  };
}

/** A role by its name; a uid is one that no role has as its name. */
export async function uidOf(api: Client, name: string | undefined): Promise<string> {
  const fixed = ROLES.find((role: Role) => role.name === name);
  if (fixed !== undefined) return fixed.uid;
  const text = name ?? '';
  if (/^[A-Za-z0-9_-]{1,40}$/.test(text)) return text;
  const roles = await valueOf(api.GET('/api/access-control/roles'));
  const found = roles.find((role) => role.name === text);
  if (found === undefined)
    throw new CommandError(ExitCode.No, `There is no role with the name ${JSON.stringify(text)}.`);
  return found.uid;
}
