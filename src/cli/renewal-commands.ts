import type { Api, Client } from '#client';
import { licenseReport } from './license-views.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import { type Report, span, time } from './report.js';

/** What the issuer is asked for. */
export function addRenewalCommands(program: LicentiaCommand): void {
  program
    .calls<{ dryRun?: true }>(
      'renew',
      {
        summary: 'renew the license at its issuer now',
        options: [['--dry-run', 'change nothing: ask the issuer whether it would, as "licentia rehearse"']],
        examples: ['licentia renew', 'licentia renew --dry-run', 'licentia renew --timeout 2min'],
        operations: ['renewLicenseToken', 'rehearseRenewal'],
        exits:
          '0 renewed, 1 if the issuer refused or there is no license, 2 if the issuer could not be asked.',
      },
      async ({ api, options: { dryRun } }) =>
        dryRun
          ? rehearsal(api)
          : licenseReport(await valueOf(api.POST('/api/licensing/token/renew', { body: {} })), 'Renewed.'),
    )
    .calls(
      'rehearse',
      {
        summary: 'ask the issuer whether it would renew the license, and change nothing',
        examples: ['licentia rehearse'],
        operations: ['rehearseRenewal'],
        exits: '0 if it would or the renewal is not due, 1 if it would refuse, 2 if it could not tell.',
      },
      async ({ api }) => rehearsal(api),
    )
    .calls(
      'renewal',
      {
        summary: 'show how renewals go: the last attempt, its cause if it failed, and the next one',
        examples: ['licentia renewal', 'licentia renewal --json'],
        operations: ['showRenewal'],
      },
      async ({ api }) => renewalReport(await valueOf(api.GET('/api/licensing/renewal'))),
    )
    .calls(
      'attempts',
      {
        summary: 'list the last thirty attempts to renew, with their outcome and cause',
        examples: ['licentia attempts', 'licentia attempts --json'],
        operations: ['listRenewalAttempts'],
      },
      async ({ api }) => attemptsReport(await valueOf(api.GET('/api/licensing/renewal/attempts'))),
    );
}

function attemptsReport(answer: Api.RenewalAttempts): Report {
  return {
    json: answer,
    sections: [
      {
        head: ['begun', 'finished', 'calls', 'outcome', 'cause', 'message', 'license', 'token'],
        rows: answer.attempts.map(({ startedAt, finishedAt, calls, outcome, cause, message, lid, jti }) => [
          ...[time(startedAt), time(finishedAt), calls, outcome, cause, message, lid, jti],
        ]),
      },
    ],
  };
}

async function rehearsal(api: Client): Promise<Report> {
  const answer = await valueOf(api.POST('/api/licensing/renewal/rehearse', { body: {} }));
  const { outcome, message } = answer;
  return {
    json: answer,
    sections: [
      {
        rows: [
          ['outcome', outcome],
          ['message', message],
        ],
      },
    ],
    exitCode: outcome === 'unsupported' ? 2 : 0,
  };
}

function renewalReport(renewal: Api.Renewal): Report {
  return {
    json: renewal,
    sections: [
      {
        rows: [
          ['automatic', renewal.automatic],
          ['under way', renewal.underWay],
          ['last attempt', time(renewal.lastAttempt)],
          ['last success', time(renewal.lastSuccess)],
          ['outcome', renewal.outcome],
          ['cause', renewal.cause],
          ['message', renewal.message],
          ['failures', renewal.failures],
          ['due', time(renewal.due)],
          ['next attempt', time(renewal.nextAttempt)],
          ['not before', time(renewal.notBefore)],
          ['token expires in', span(renewal.tokenSecondsLeft)],
          ['license expires in', span(renewal.licenseSecondsLeft)],
        ],
      },
    ],
  };
}
