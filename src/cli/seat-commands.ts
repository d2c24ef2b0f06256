import { type LicentiaCommand, valueOf } from './licentia-command.js';
import { KIND, momentOf, ROLE, subjectOf, type SubjectOptions, userRole } from './subject.js';

/** What a product reports; for tries by hand and for scripts. */
export function addSeatCommands(usage: LicentiaCommand): void {
  usage
    .calls<SubjectOptions>(
      'seen <name>',
      {
        summary: 'report that a user or device used the product',
        options: [KIND, ROLE],
        examples: ['licentia usage seen anna@example.com --role editor'],
        operations: ['reportSeen'],
      },
      async ({ api, options }, name) => {
        const events = [{ ...subjectOf(name, options), ...userRole(options) }];
        const answer = await valueOf(api.POST('/api/licensing/usage/seen', { body: { events } }));
        return { json: answer, sections: [{ rows: Object.entries(answer) }] };
      },
    )
    .calls<SubjectOptions>(
      'admit <name>',
      {
        summary: 'ask whether a user or device may enter, and take the seat',
        options: [KIND, ROLE],
        examples: ['licentia usage admit anna@example.com'],
        operations: ['admitSubject'],
        exits: '0 admitted, 1 not, 2 if it could not tell.',
      },
      async ({ api, options }, name) => {
        const body = { ...subjectOf(name, options), ...userRole(options) };
        const admission = await valueOf(api.POST('/api/licensing/usage/admit', { body }));
        return {
          json: admission,
          sections: [{ rows: Object.entries(admission).map(([key, value]) => [key, momentOf(key, value)]) }],
          exitCode: admission.admitted ? 0 : 1,
        };
      },
    )
    .calls<SubjectOptions>(
      'left <name>',
      {
        summary: 'report that a user or device has left for good',
        options: [KIND],
        examples: ['licentia usage left anna@example.com'],
        operations: ['reportLeft'],
      },
      async ({ api, options }, name) => {
        const answer = await valueOf(
          api.POST('/api/licensing/usage/left', { body: subjectOf(name, options) }),
        );
        return { json: answer, sections: [{ rows: Object.entries(answer) }] };
      },
    )
    .calls(
      'session <session> <name>',
      {
        summary: 'report that a session of a user is in use; says which sessions have to end',
        examples: ['licentia usage session 7f3a anna@example.com'],
        operations: ['touchSession'],
      },
      async ({ api }, session, name) => {
        const answer = await valueOf(
          api.PUT('/api/licensing/usage/sessions/{session}', {
            params: { path: { session: session } },
            body: { subject: name },
          }),
        );
        return { json: answer, sections: [{ rows: answer.end.map((one) => ['end', one]) }] };
      },
    )
    .calls(
      'session-end <session>',
      {
        summary: 'report that a session has ended',
        examples: ['licentia usage session-end 7f3a'],
        operations: ['endSession'],
      },
      async ({ api }, session) => {
        const params = { path: { session: session } };
        const done = await valueOf(api.DELETE('/api/licensing/usage/sessions/{session}', { params }));
        return { json: done, sections: [] };
      },
    );
}
