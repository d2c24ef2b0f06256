import { createHash } from 'node:crypto';
import type { Api } from '#client';
import { createServiceAccountToken } from '../access/service-account-token.js';
import { duration, idOf, wholeNumber } from './arguments.js';
import { CommandError } from './command-error.js';
import { confirm } from './dialog.js';
import { ExitCode } from './exit-code.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import type { Cell, Report } from './report.js';
import { addRoles } from './role-commands.js';

const YES = ['-y, --yes', 'do not ask'] as const;
const ACCOUNT_HEAD = ['id', 'name', 'role', 'disabled', 'created', 'updated'];
const TOKEN_HEAD = ['id', 'name', 'created', 'last used', 'expires', 'state'];

/** Who may call the service. */
export function addAccessCommands(program: LicentiaCommand): void {
  addAccounts(program.group('account', 'service accounts: callers that are not people'));
  addTokens(program.group('token', 'the tokens of service accounts'));
  addRoles(program.group('role', 'what accounts may do'));
}

function addAccounts(account: LicentiaCommand): void {
  account
    .calls<{ page?: number; limit?: number }>(
      'list [text]',
      {
        summary: 'list the accounts whose name has a text, or all',
        options: [
          ['--page <n>', 'which page, from 1 (1)', wholeNumber],
          ['--limit <n>', 'how many accounts a page has (1000)', wholeNumber],
        ],
        examples: ['licentia account list', 'licentia account list robot --limit 20'],
        operations: ['searchServiceAccounts'],
      },
      async ({ api, options: { page, limit } }, text) => {
        const query = {
          ...(text !== undefined && { query: text }),
          ...(page !== undefined && { page }),
          ...(limit !== undefined && { perpage: limit }),
        };
        const found = await valueOf(api.GET('/api/serviceaccounts/search', { params: { query } }));
        return {
          json: found,
          sections: [{ head: ACCOUNT_HEAD, rows: found.serviceAccounts.map(accountRow) }],
        };
      },
    )
    .calls(
      'show <account>',
      {
        summary: 'show an account, by its id',
        examples: ['licentia account show 7'],
        operations: ['getServiceAccount'],
        exits: '0 shown, 1 if there is no such account.',
      },
      async ({ api }, account) => {
        const params = { path: { id: idOf(account) } };
        return accountReport(await valueOf(api.GET('/api/serviceaccounts/{id}', { params })));
      },
    )
    .calls<{ yes?: true }>(
      'delete <account>',
      {
        summary: 'delete an account with its tokens and roles',
        options: [YES],
        examples: ['licentia account delete 7 --yes'],
        operations: ['deleteServiceAccount'],
        exits: '0 deleted, 1 if that would leave no administrator, or there is no such account.',
      },
      async ({ api, around, options: { yes = false } }, account) => {
        await confirm(around, `Account ${account} and its tokens will be deleted.`, yes);
        const params = { path: { id: idOf(account) } };
        const done = await valueOf(api.DELETE('/api/serviceaccounts/{id}', { params }));
        return { json: done, sections: [], note: done.message };
      },
    )
    .calls<{ role?: string; disabled?: true }>(
      'create <name>',
      {
        summary: 'create an account; it can do nothing until it has a role and a token',
        options: [
          ['--role <role>', 'None, Viewer, Editor or Admin, as in Grafana; it gives no action'],
          ['--disabled', 'it cannot be used until it is enabled'],
        ],
        examples: ['licentia account create my-product'],
        operations: ['createServiceAccount'],
        exits: '0 created, 1 if the name is taken or there are too many.',
      },
      async ({ api, options: { role, disabled } }, name) => {
        const body = { name: name, ...roleOf(role), ...(disabled && { isDisabled: true }) };
        return accountReport(await valueOf(api.POST('/api/serviceaccounts', { body })));
      },
    )
    .calls<{ name?: string; role?: string; disable?: true; enable?: true }>(
      'update <account>',
      {
        summary: 'rename, disable or enable an account, by its id',
        options: [
          ['--name <name>', 'its new name'],
          ['--role <role>', 'None, Viewer, Editor or Admin'],
          ['--disable', 'none of its tokens works any more'],
          ['--enable', 'its tokens work again'],
        ],
        examples: ['licentia account update 7 --disable', 'licentia account update 7 --name ci'],
        operations: ['updateServiceAccount'],
      },
      async ({ api, options: { name, role, disable, enable } }, account) => {
        if (disable && enable)
          throw new CommandError(ExitCode.Usage, '--disable and --enable exclude each other.');
        const isDisabled = disable ? true : enable ? false : undefined;
        const body = {
          ...(name !== undefined && { name }),
          ...roleOf(role),
          ...(isDisabled !== undefined && { isDisabled }),
        };
        if (Object.keys(body).length === 0)
          throw new CommandError(
            ExitCode.Usage,
            'Say what to change: --name, --role, --disable or --enable.',
          );
        const params = { path: { id: idOf(account) } };
        return accountReport(await valueOf(api.PATCH('/api/serviceaccounts/{id}', { params, body })));
      },
    );
}

function addTokens(token: LicentiaCommand): void {
  token
    .calls(
      'list <account>',
      {
        summary: 'list the tokens of an account, without the tokens themselves',
        examples: ['licentia token list 7'],
        operations: ['listServiceAccountTokens'],
      },
      async ({ api }, account) => {
        const params = { path: { id: idOf(account) } };
        const tokens = await valueOf(api.GET('/api/serviceaccounts/{id}/tokens', { params }));
        return { json: tokens, sections: [{ head: TOKEN_HEAD, rows: tokens.map(tokenRow) }] };
      },
    )
    .calls<{ expiresIn?: number }>(
      'create <account> <name>',
      {
        summary: 'create a token; standard output gets it, once',
        options: [['--expires-in <span>', 'it stops working then: 90d, 12h', duration]],
        examples: [
          'licentia token create 7 ci --expires-in 90d > token.txt',
          'licentia token create 7 check --json',
        ],
        operations: ['createServiceAccountToken'],
        isShownOnce: true,
        exits: '0 created, 1 if the name is taken or there are too many.',
      },
      async ({ api, options: { expiresIn } }, account, name) => {
        const created = await valueOf(
          api.POST('/api/serviceaccounts/{id}/tokens', {
            params: { path: { id: idOf(account) } },
            body: { name: name, ...(expiresIn !== undefined && { secondsToLive: expiresIn }) },
          }),
        );
        return {
          json: created,
          sections: [{ text: created.key, rows: [] }],
          note: `This is token ${created.id}. It is not shown again.`,
        };
      },
    )
    .does(
      'generate',
      {
        summary: 'print a new token and its SHA-256, for a provisioning file; no service is called',
        examples: ['licentia token generate'],
        isShownOnce: true,
        json: '`{ "token", "sha256" }`',
      },
      async () => {
        const token = createServiceAccountToken();
        const sha256 = createHash('sha256').update(token).digest('hex');
        return {
          json: { token, sha256 },
          sections: [{ head: ['token', 'sha256'], rows: [[token, sha256]] }],
        };
      },
    )
    .calls<{ yes?: true }>(
      'revoke <account> <token>',
      {
        summary: 'end a token for good, and keep it in the list',
        options: [YES],
        examples: ['licentia token revoke 7 12 --yes'],
        operations: ['revokeServiceAccountToken'],
        exits: '0 revoked, 1 if that would leave no administrator, or there is no such token.',
      },
      async ({ api, around, options: { yes = false } }, account, id) => {
        await confirm(around, `Token ${id} of account ${account} will stop working for good.`, yes);
        const params = { path: { id: idOf(account), tokenId: idOf(id) } };
        const token = await valueOf(
          api.PATCH('/api/serviceaccounts/{id}/tokens/{tokenId}', { params, body: { isRevoked: true } }),
        );
        return { json: token, sections: [{ head: TOKEN_HEAD, rows: [tokenRow(token)] }] };
      },
    )
    .calls<{ yes?: true }>(
      'delete <account> <token>',
      {
        summary: 'end a token and delete it',
        options: [YES],
        examples: ['licentia token delete 7 12 --yes'],
        operations: ['deleteServiceAccountToken'],
        exits: '0 deleted, 1 if that would leave no administrator, or there is no such token.',
      },
      async ({ api, around, options: { yes = false } }, account, id) => {
        await confirm(around, `Token ${id} of account ${account} will be deleted.`, yes);
        const params = { path: { id: idOf(account), tokenId: idOf(id) } };
        const done = await valueOf(api.DELETE('/api/serviceaccounts/{id}/tokens/{tokenId}', { params }));
        return { json: done, sections: [], note: done.message };
      },
    );
}

function accountReport(account: Api.ServiceAccount): Report {
  return { json: account, sections: [{ head: ACCOUNT_HEAD, rows: [accountRow(account)] }] };
}

function accountRow({ id, name, role, isDisabled, createdAt, updatedAt }: Api.ServiceAccount): Cell[] {
  return [id, name, role, isDisabled, createdAt, updatedAt];
}

function tokenRow(token: Api.ServiceAccountToken): Cell[] {
  const state = token.isRevoked ? 'revoked' : token.hasExpired ? 'expired' : 'works';
  return [token.id, token.name, token.created, token.lastUsedAt, token.expiration, state];
}

function roleOf(role: string | undefined): { role?: Api.AccountRole } {
  if (role === undefined) return {};
  const known = (['None', 'Viewer', 'Editor', 'Admin'] as const).find((one) => one === role);
  if (known === undefined)
    throw new CommandError(ExitCode.Usage, '--role must be None, Viewer, Editor or Admin.');
  return { role: known };
}
