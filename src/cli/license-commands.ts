import { styleText } from 'node:util';
import type { Api } from '#client';
import { moment } from './arguments.js';
import { CallFailedError, CommandError } from './command-error.js';
import { confirm } from './dialog.js';
import { ExitCode } from './exit-code.js';
import { readToken } from './license-file.js';
import {
  explanationReport,
  historyReport,
  inspectionReport,
  licenseReport,
  timelineReport,
} from './license-views.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import type { Report } from './report.js';
import { timelinePicture } from './timeline-picture.js';
import { hasColor } from './surroundings.js';

const YES = ['-y, --yes', 'do not ask'] as const;
const QUEUE = ['--queue', 'if the license starts later, keep it until then'] as const;

/** What an administrator does with the license, over HTTP. */
export function addLicenseCommands(program: LicentiaCommand): void {
  program
    .calls(
      'check',
      {
        summary: 'say whether a valid license is installed',
        examples: ['licentia check', 'licentia check --quiet && ./start-product'],
        operations: ['checkLicense'],
        exits: '0 true, 1 false, 2 if it could not tell.',
      },
      async ({ api, around }) => {
        const isLicensed = await valueOf(api.GET('/api/licensing/check'));
        const color = isLicensed ? 'green' : 'red';
        const text = hasColor(around)
          ? styleText(color, String(isLicensed), { validateStream: false })
          : String(isLicensed);
        return { json: isLicensed, sections: [{ text, rows: [] }], exitCode: isLicensed ? 0 : 1 };
      },
    )
    .calls(
      'show',
      {
        summary: 'show what the license grants',
        examples: ['licentia show', 'licentia show --json'],
        operations: ['getLicenseToken'],
      },
      async ({ api }) => licenseReport(await valueOf(api.GET('/api/licensing/token'))),
    )
    .calls<{ at?: number }>(
      'explain',
      {
        summary: 'say why the check answers so, rule by rule, and until when',
        options: [['--at <time>', 'at another moment: a date, a time with its zone or Unix seconds', moment]],
        examples: ['licentia explain', 'licentia explain --at 2027-01-01'],
        operations: ['explainCheck'],
      },
      async ({ api, options: { at } }) =>
        explanationReport(
          await valueOf(
            api.GET('/api/licensing/check/explain', at === undefined ? {} : { params: { query: { at } } }),
          ),
        ),
    )
    .calls(
      'timeline',
      {
        summary: 'show when the answer of the check will change; on a terminal as a picture',
        examples: ['licentia timeline', 'licentia timeline | cat', 'licentia timeline --json'],
        operations: ['showTimeline'],
      },
      async ({ api }) => {
        const timeline = await valueOf(api.GET('/api/licensing/timeline'));
        return { ...timelineReport(timeline), picture: (canvas) => timelinePicture(timeline, canvas) };
      },
    )
    .calls(
      'inspect <file>',
      {
        summary: 'say what an upload of a license would do; "-" reads standard input',
        examples: ['licentia inspect license.jwt', 'licentia inspect - < license.jwt'],
        operations: ['inspectLicenseToken'],
        exits: '0 if it would be accepted, 1 if not.',
      },
      async ({ api, around }, file) => {
        const token = await readToken(around, file);
        return inspectionReport(await valueOf(api.POST('/api/licensing/token/inspect', { body: { token } })));
      },
    )
    .calls<{ queue?: true; acknowledge?: true; dryRun?: true }>(
      'install <file>',
      {
        summary: 'install a license; "-" reads standard input',
        options: [
          QUEUE,
          ['--acknowledge', 'accept that it takes something away'],
          ['--dry-run', 'change nothing: say what it would do, as "licentia inspect"'],
        ],
        examples: [
          'licentia install license.jwt',
          'licentia install --dry-run license.jwt',
          'licentia install --queue next-year.jwt',
          'licentia issuer issue --sub https://product.example.com/ | licentia install -',
        ],
        operations: ['installLicenseToken', 'inspectLicenseToken'],
        exits: '0 installed, 1 refused.',
      },
      async ({ api, around, options: { queue, acknowledge, dryRun } }, file) => {
        const token = await readToken(around, file);
        if (dryRun) {
          const inspection = await valueOf(api.POST('/api/licensing/token/inspect', { body: { token } }));
          return dryRunReport(inspection, { queue, acknowledge });
        }
        const body = { token, ...(queue && { queue }), ...(acknowledge && { acknowledge }) };
        const license = await valueOf(api.POST('/api/licensing/token', { body }));
        return licenseReport(
          license,
          queue ? 'Done. "licentia history" shows whether it waits.' : 'Installed.',
        );
      },
    )
    .calls(
      'history',
      {
        summary: 'show the current, the previous and the queued token, and the changes of 90 days',
        examples: ['licentia history'],
        operations: ['showLicenseHistory'],
      },
      async ({ api }) => historyReport(await valueOf(api.GET('/api/licensing/token/history'))),
    )
    .calls<{ yes?: true; dryRun?: true }>(
      'rollback',
      {
        summary: 'make the previous token the current one again',
        options: [
          YES,
          ['--dry-run', 'change nothing: show both tokens. The service judges the previous one only then'],
        ],
        examples: ['licentia rollback', 'licentia rollback --dry-run', 'licentia rollback --yes'],
        operations: ['rollBackLicenseToken', 'showLicenseHistory'],
        json: 'the answer of `rollBackLicenseToken`; with `--dry-run` `{ "current", "previous" }`',
        exits: '0 done, 1 if there is no previous token or it is not valid.',
      },
      async ({ api, around, options: { yes = false, dryRun } }) => {
        if (dryRun) return rollbackReport(await valueOf(api.GET('/api/licensing/token/history')));
        await confirm(around, 'The previous token replaces the current one.', yes);
        const outcome = await api.POST('/api/licensing/token/rollback', { body: {} });
        // That there is no license at all is another matter.
        if (!outcome.ok && outcome.failure.code === 'license.not-found')
          throw new CallFailedError(
            outcome.failure,
            'Run "licentia history": it shows the tokens that there are.',
          );
        const rollback = await valueOf(Promise.resolve(outcome));
        return { ...licenseReport(rollback.license, rollback.message), json: rollback };
      },
    )
    .calls<{ yes?: true; instance?: string; dryRun?: true }>(
      'remove',
      {
        summary: 'remove the license from the database, with the queued one',
        options: [
          YES,
          [
            '--instance <url>',
            'the root URL of the service; unless given, the address that its license is for',
          ],
          ['--dry-run', 'change nothing: show the active license, which is what would be removed'],
        ],
        examples: ['licentia remove', 'licentia remove --yes --instance https://product.example.com/'],
        operations: ['removeLicenseToken', 'getLicenseToken'],
        json: '`{}`; with `--dry-run` the answer of `getLicenseToken`',
        exits: '0 removed, 1 if the service has another root URL.',
      },
      async ({ api, around, options: { yes = false, instance: named, dryRun } }) => {
        if (dryRun) {
          const license = await valueOf(api.GET('/api/licensing/token'));
          return { ...licenseReport(license), exitCode: license.sub ? 0 : 1 };
        }
        const instance = named ?? (await valueOf(api.GET('/api/licensing/token'))).sub;
        if (!instance) {
          throw new CommandError(
            ExitCode.No,
            'No license is active, so nothing says which instance is meant.',
            'Name its root URL: "licentia remove --instance <url>".',
          );
        }
        await confirm(around, `The license of ${instance} will be removed.`, yes);
        const done = await valueOf(api.DELETE('/api/licensing/token', { body: { instance } }));
        return { json: done, sections: [], note: 'Removed.' };
      },
    );
}

/** What `rollback` would do: a no where there is nothing to go back to. */
function rollbackReport({ current, previous }: Api.History): Report {
  const { sections } = historyReport({ current, previous, queued: null, changes: [] });
  const [tokens] = sections;
  return {
    json: { current, previous },
    sections: tokens === undefined ? [] : [{ ...tokens, rows: tokens.rows.slice(0, 2) }],
    exitCode: previous === null ? 1 : 0,
    note:
      previous === null ? 'There is no previous token.' : 'The previous token would replace the current one.',
  };
}

/** What `install` would do with these options. */
function dryRunReport(
  inspection: Api.Inspection,
  { queue, acknowledge }: { queue: true | undefined; acknowledge: true | undefined },
): Report {
  const report = inspectionReport(inspection);
  const { accepted, outcome, requiresAcknowledge } = inspection;
  if (!accepted) return report;
  if (outcome === 'queue' && !queue)
    return { ...report, exitCode: 1, note: 'It starts later: it would be refused without --queue.' };
  if (requiresAcknowledge && !acknowledge)
    return {
      ...report,
      exitCode: 1,
      note: 'It takes something away: it would be refused without --acknowledge.',
    };
  return report;
}
