import { confirm } from './dialog.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import { allPages, PAGE_OPTIONS, type PageOptions } from './pages.js';
import { time } from './report.js';
import { KIND, momentOf, subjectOf, type SubjectOptions } from './subject.js';

/** Who takes a seat, and who was refused one. */
export function addSubjectCommands(usage: LicentiaCommand): void {
  usage
    .calls<SubjectOptions>(
      'explain <name>',
      {
        summary: 'say whether a user or device takes a seat, why, and until when',
        options: [KIND],
        examples: [
          'licentia usage explain anna@example.com',
          'licentia usage explain tablet-7 --kind device',
        ],
        operations: ['explainSubjectInBody', 'explainSubject'],
      },
      async ({ api, options }, name) => {
        // In a body, so that no access log has the name.
        const subject = await valueOf(
          api.POST('/api/licensing/usage/explain', { body: subjectOf(name, options) }),
        );
        return {
          json: subject,
          sections: [{ rows: Object.entries(subject).map(([key, value]) => [key, momentOf(key, value)]) }],
        };
      },
    )
    .calls<PageOptions>(
      'subjects',
      {
        summary: 'list who takes a seat, by the hashes of their names',
        options: PAGE_OPTIONS,
        examples: ['licentia usage subjects --limit 1000', 'licentia usage subjects --all'],
        operations: ['listSubjects'],
      },
      async ({ api, options }) => {
        const { pages, rest } = await allPages(options, async (query) =>
          valueOf(api.GET('/api/licensing/usage/subjects', { params: { query } })),
        );
        const subjects = pages.flatMap((page) => page.subjects);
        return {
          json: { subjects, cursor: rest },
          sections: [
            {
              head: ['subject', 'role', 'counted', 'first seen', 'last seen', 'until'],
              rows: subjects.map((one) => [
                ...[one.subject, one.role, one.counted, one.firstSeen, one.lastSeen, time(one.until)],
              ]),
            },
          ],
        };
      },
    )
    .calls<PageOptions>(
      'denials',
      {
        summary: 'list who was refused a seat',
        options: PAGE_OPTIONS,
        examples: ['licentia usage denials'],
        operations: ['listDenials'],
      },
      async ({ api, options }) => {
        const { pages, rest } = await allPages(options, async (query) =>
          valueOf(api.GET('/api/licensing/usage/denials', { params: { query } })),
        );
        const denials = pages.flatMap((page) => page.denials);
        return {
          json: { denials, cursor: rest },
          sections: [
            {
              head: ['day', 'subject', 'role', 'times', 'last', 'used', 'limit'],
              rows: denials.map((one) => [
                ...[one.day, one.subject, one.role, one.times, time(one.lastAt), one.used, one.limit],
              ]),
            },
          ],
        };
      },
    )
    .calls<SubjectOptions & { yes?: true }>(
      'delete <name>',
      {
        summary: 'delete everything that is stored of a user or device',
        options: [['-y, --yes', 'do not ask'], KIND],
        examples: ['licentia usage delete anna@example.com --yes'],
        operations: ['deleteSubject'],
      },
      async ({ api, around, options }, name) => {
        await confirm(around, `Everything that is stored of ${name} will be deleted.`, options.yes ?? false);
        const answer = await valueOf(
          api.DELETE('/api/licensing/usage/subjects', { body: subjectOf(name, options) }),
        );
        return { json: answer, sections: [{ rows: Object.entries(answer) }] };
      },
    );
}
