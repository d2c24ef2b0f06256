import { idOf } from './arguments.js';
import { confirm } from './dialog.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import { time } from './report.js';

const HEAD = ['id', 'caller', 'kind', 'opened', 'last used', 'ends', 'ends idle', 'address'];

/** Who is signed in to the page, and who calls. */
export function addSessionCommands(program: LicentiaCommand): void {
  program.calls(
    'whoami',
    {
      summary: 'show whose token this is, and what it may do',
      examples: ['licentia whoami', 'licentia whoami --profile staging'],
      operations: ['showCaller'],
    },
    async ({ api }) => {
      const { caller, actions, ...ends } = await valueOf(api.GET('/ui/session'));
      return {
        json: { caller, actions, ...ends },
        sections: [
          {
            rows: [
              ['name', caller.name],
              ['kind', caller.kind],
              ['actions', actions],
            ],
          },
        ],
      };
    },
  );
  program
    .group('session', 'who is signed in to the page')
    .calls(
      'list',
      {
        summary: 'list the sessions of the page',
        examples: ['licentia session list'],
        operations: ['listPageSessions'],
      },
      async ({ api }) => {
        const sessions = await valueOf(api.GET('/ui/sessions'));
        const rows = sessions.map(({ id, caller: { name, kind }, address, ...times }) => {
          const { createdAt, lastUsedAt, expiresAt, idleExpiresAt } = times;
          const moments = [createdAt, lastUsedAt, expiresAt, idleExpiresAt].map(time);
          return [id, name, kind, ...moments, address];
        });
        return { json: sessions, sections: [{ head: HEAD, rows }] };
      },
    )
    .calls<{ yes?: true }>(
      'revoke <session>',
      {
        summary: 'end a session of the page, by its id',
        options: [['-y, --yes', 'do not ask']],
        examples: ['licentia session revoke 12 --yes'],
        operations: ['revokePageSession'],
        json: '`{ "revoked" }`',
        exits: '0 ended, 1 if there is no such session.',
      },
      async ({ api, around, options: { yes = false } }, session) => {
        const id = idOf(session);
        await confirm(around, `Session ${id} will end at once.`, yes);
        await valueOf(api.DELETE('/ui/sessions/{id}', { params: { path: { id } } }));
        return { json: { revoked: id }, sections: [], note: 'Ended.' };
      },
    );
}
