import { isoTime } from '../../domain/clock.js';
import type { LicenseView } from '../../issuer-server/administration/issuer-administration.js';
import { CommandError } from '../command-error.js';
import { confirm } from '../dialog.js';
import { ExitCode } from '../exit-code.js';
import type { LicentiaCommand } from '../licentia-command.js';
import { administers } from './administers.js';
import { keyWarningsOf, licenseReport, licensesReport } from './issuer-report.js';
import { CHANGE_ROWS, changeOf, type ChangeOptions, PROLONG_ROWS, prolongationOf } from './term-options.js';

const YES = ['-y, --yes', 'do not ask'] as const;
const LICENSE_JSON = 'the license, as `GET /v1/admin/licenses/<lid>` has it without `usage`';

/** What a vendor decides about a license that is issued. */
export function addDecisionCommands(group: LicentiaCommand): void {
  administers<ChangeOptions>(
    group,
    'change <license>',
    {
      summary: 'give a license other terms; its next renewal brings them',
      options: CHANGE_ROWS,
      examples: [
        'licentia issuer change example-2027 --users 80',
        'licentia issuer change example-2027 --no-users --expires 2028-01-01',
      ],
      json: '`{ "license", "changed" }`',
      exits:
        '0 done, 1 if the license cannot be changed, 2 if it could not tell, 64 for terms that no license can have.',
    },
    async ({ issuer, options }, lid = '') => {
      const answer = await issuer.change(lid, changeOf(options));
      const { license, changed } = answer;
      const until =
        license.last_exp === null
          ? ''
          : ` An instance that does not renew has the former terms until ${isoTime(license.last_exp)}.`;
      return licenseReport(license, {
        json: answer,
        note: changed
          ? `Changed: the next renewal brings the new terms.${until}${staying(license)}`
          : 'Nothing to change.',
      });
    },
  );
  administers(
    group,
    'suspend <license>',
    {
      summary: 'give a license no more tokens; the present one stays valid until it expires',
      examples: ['licentia issuer suspend example-2027'],
      json: LICENSE_JSON,
      exits: '0 suspended, 1 if it cannot be, 2 if it could not tell.',
    },
    async ({ issuer }, lid = '') =>
      licenseReport(await issuer.suspend(lid), {
        note: 'Suspended: its renewals are refused. "licentia issuer resume" takes it back.',
      }),
  );
  administers(
    group,
    'resume <license>',
    {
      summary: 'take back a suspension or a revocation',
      examples: ['licentia issuer resume example-2027'],
      json: LICENSE_JSON,
      exits: '0 resumed, 1 if there is no such license, 2 if it could not tell.',
    },
    async ({ issuer }, lid = '') => licenseReport(await issuer.resume(lid), { note: 'Active.' }),
  );
  administers<{ yes?: true }>(
    group,
    'revoke <license>',
    {
      summary: 'take a license away: its next renewal is answered with a signed statement',
      options: [YES],
      examples: ['licentia issuer revoke example-2027', 'licentia issuer revoke example-2027 --yes'],
      json: LICENSE_JSON,
      exits: '0 revoked, 1 if there is no such license, 2 if it could not tell.',
      before: async ({ around, options }, lid) =>
        confirm(
          around,
          `The license ${lid} will be revoked: its instance loses it at the next renewal.`,
          isYes(options),
        ),
    },
    async ({ issuer }, lid = '') =>
      licenseReport(await issuer.revoke(lid), {
        note: 'Revoked: its instance loses it at the next renewal. "licentia issuer resume" takes it back.',
      }),
  );
  administers<{ days?: number; until?: number }>(
    group,
    'prolong <license>',
    {
      summary: 'move the end of a license; its next token says so',
      options: PROLONG_ROWS,
      examples: [
        'licentia issuer prolong example-2027 --until 2028-01-01',
        'licentia issuer prolong example-2027 --days 30',
      ],
      json: LICENSE_JSON,
      exits:
        '0 done, 1 if it cannot be prolonged, as a revoked one, 2 if it could not tell, 64 for an end that no license can have.',
    },
    async ({ issuer, options }, lid = '') => {
      const license = await issuer.prolong(lid, prolongationOf(options));
      return licenseReport(license, { note: `Done: it ends ${isoTime(license.lexp)}.${staying(license)}` });
    },
  );
  administers<{ all?: true }>(
    group,
    'repair [license]',
    {
      summary: 'let a license get valid tokens again that was signed or issued by a clock that was ahead',
      options: [
        ['--all', 'every license that "list" warns of, and every signing key that "keys list" warns of'],
      ],
      examples: ['licentia issuer repair example-2027', 'licentia issuer repair --all'],
      json: '`{ "license", "repaired" }`; with `--all` an array of the licenses that were repaired',
      exits: '0 done or nothing to repair, 1 if there is no such license, 2 if it could not tell.',
    },
    async ({ issuer, options: { all } }, lid) => {
      if ((lid === undefined) !== (all === true))
        throw new CommandError(ExitCode.Usage, 'Name one license, or say --all.');
      if (lid === undefined) {
        const keys = keyWarningsOf(await issuer.keys()).length;
        const repaired = await issuer.repairAll();
        const ofKeys = keys === 0 ? '' : ` Repaired signing keys: ${keys}.`;
        return { ...licensesReport(repaired), note: `Repaired: ${repaired.length}.${ofKeys}` };
      }
      const answer = await issuer.repair(lid);
      const { license } = answer;
      return licenseReport(license, {
        json: answer,
        note: answer.repaired
          ? `Repaired${license.status === 'active' ? ': its next renewal brings a new token' : ''}.${staying(license)}`
          : 'Nothing to repair.',
      });
    },
  );
}

/** What a license that gets no tokens needs besides: none of these commands gives it any. */
function staying({ lid, status }: LicenseView): string {
  if (status === 'active') return '';
  return ` It stays ${status}: no renewal brings a token until "licentia issuer resume ${lid}".`;
}

function isYes(options: object): boolean {
  return (options as { yes?: true }).yes === true;
}
