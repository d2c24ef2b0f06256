import { isoTime } from '../../domain/clock.js';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import type { LicentiaCommand } from '../licentia-command.js';
import { administers } from './administers.js';
import { eventsReport, licenseReport, licensesReport, usesReport } from './issuer-report.js';
import { addDecisionCommands } from './license-decision-commands.js';
import { ISSUE_ROWS, type IssueOptions, termsOf } from './term-options.js';

/** What a vendor does with licenses. */
export function addIssuedLicenseCommands(group: LicentiaCommand): void {
  addGiving(group);
  addReading(group);
  addDecisionCommands(group);
}

function addGiving(group: LicentiaCommand): void {
  administers<{ sub?: string; lid?: string } & IssueOptions>(
    group,
    'issue',
    {
      summary: 'issue a license and print its token',
      options: [
        ['--sub <url>', 'the root URL of the instance that it is for (required)'],
        [
          '--lid <id>',
          'the id of the license (default: a new UUID). With the same terms a repetition issues nothing and prints its newest token',
        ],
        ...ISSUE_ROWS,
      ],
      examples: [
        'licentia issuer issue --sub https://product.example.com/ --company Example --users 50 > license.jwt',
        'licentia issuer issue --sub https://product.example.com/ --lid example-2027 --starts 2027-01-01 --json',
      ],
      json: `\`{ "license", "token" }\`; \`license\` as \`GET /v1/admin/licenses\` has it`,
      isShownOnce: true,
      local: { creates: true },
      exits:
        '0 issued, 1 if there is another license with this id, 2 if it could not tell, 64 for terms that no license can have.',
    },
    async ({ issuer, options }) => {
      const { sub, lid } = options;
      if (sub === undefined)
        throw new CommandError(
          ExitCode.Usage,
          'Which instance is the license for?',
          'Name its root URL: --sub <url>.',
        );
      const given = await issuer.issue({ sub, lid, ...termsOf(options) });
      const { license, token } = given;
      return {
        json: given,
        sections: [{ text: token, rows: [] }],
        note: `Issued: license ${license.lid} for ${license.sub}, ends ${isoTime(license.lexp)}.`,
      };
    },
  );
  administers(
    group,
    'token <license>',
    {
      summary:
        'print the newest token of a license again, or a new one if that has expired or has former terms',
      examples: ['licentia issuer token example-2027 > license.jwt'],
      json: '`{ "license", "token" }`',
      exits: '0 done, 1 if the license gets no token, 2 if it could not tell.',
    },
    async ({ issuer }, lid = '') => {
      const given = await issuer.token(lid);
      return { json: given, sections: [{ text: given.token, rows: [] }], note: `Token of license ${lid}.` };
    },
  );
}

function addReading(group: LicentiaCommand): void {
  administers<{ usage?: true }>(
    group,
    'list',
    {
      summary: 'list the licenses, with the last real renewal and the next end of each',
      options: [['--usage', 'instead: what their instances report of their use, the last 31 days']],
      examples: ['licentia issuer list', 'licentia issuer list --usage', 'licentia issuer list --json'],
      json: 'an array: `licenses` of `GET /v1/admin/licenses`, or of `GET /v1/admin/usage` with every day that is kept',
    },
    async ({ issuer, options: { usage } }) =>
      usage ? usesReport(await issuer.uses()) : licensesReport(await issuer.list()),
  );
  administers(
    group,
    'show <license>',
    {
      summary: 'show one license with all of its terms, and what its instance reports',
      examples: ['licentia issuer show example-2027'],
      json: 'the license, as `GET /v1/admin/licenses/<lid>` has it',
      exits: '0 shown, 1 if there is none, 2 if it could not tell.',
    },
    async ({ issuer }, lid = '') => licenseReport(await issuer.show(lid)),
  );
  administers(
    group,
    'history <license>',
    {
      summary: 'show what happened to a license, and by whom: tokens, renewals, changes',
      examples: ['licentia issuer history example-2027'],
      json: 'an array: `events` of `GET /v1/admin/licenses/<lid>/history`',
      exits: '0 shown, 1 if there is no such license, 2 if it could not tell.',
    },
    async ({ issuer }, lid = '') => eventsReport(await issuer.historyOf(lid)),
  );
}
