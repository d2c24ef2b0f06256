import type { IssuerServerConfig } from '../../config/issuer-server-config.js';
import { EmbeddedDirectoryInUseError } from '../../database/embedded/directory-lock.js';
import { isoTime, toSeconds } from '../../domain/clock.js';
import { ServiceError } from '../../domain/service-error.js';
import {
  type IssuerServerOptions,
  type IssuerServerServices,
  changeIssuerId,
  withIssuerServer,
} from '../issuer-server.js';
import { IssuerServerError } from '../issuer-server-error.js';
import { ClockDoubtError } from '../record/clock-doubt-error.js';
import type { Command } from './command-line.js';
import type { CommandOutput } from './command-output.js';
import { aheadWarning, isAhead } from '../licenses/iat-repair.js';
import type { IssuedLicenseEntity } from '../licenses/issued-license.entity.js';
import { MAX_DAYS_KEPT } from '../usage/usage-reports.js';
import { publicUsage, publicUsageView, usageLines, usageTable } from './usage-views.js';
import { runKeyCommand } from './key-commands.js';
import { historyTable, licenseSheet, licenseTable, publicEvent, publicView } from './license-views.js';
import type { LicenseOverview } from '../licenses/license-overview.js';
import { withoutInvisible } from '../../domain/invisible-character.js';

/** A person sees so many days of each license. */
const MAX_DAYS_SHOWN = 31;

/** Whether what a command says to the next program is what it is for. */
export function hasResult({ name }: Command): boolean {
  return ['issue', 'list', 'show', 'history', 'token', 'keys list', 'keys add'].includes(name);
}

/**
 * Does what an operator asks for, on the issuer's database.
 * @throws IssuerServerError for what that person can do something about; PendingMigrationsError
 */
export async function runCommand(
  command: Exclude<Command, { name: 'help' }>,
  config: IssuerServerConfig,
  options: IssuerServerOptions = {},
): Promise<CommandOutput> {
  try {
    if (command.name === 'change-issuer-id') return changed(await changeIssuerId(config), config.issuerId);
    // A command that only looks must not decide whose the database is: its ISSUER_ID may be a default.
    const claims = command.name === 'issue';
    return await withIssuerServer(config, (services) => run(command, services), {
      ...options,
      claims,
      signs: !command.name.startsWith('keys '),
    });
  } catch (error) {
    throw explained(error);
  }
}

async function run(
  command: Exclude<Command, { name: 'help' } | { name: 'change-issuer-id' }>,
  { issuer, register, keys, clock }: IssuerServerServices,
): Promise<CommandOutput> {
  const now = toSeconds(clock.moment.getTime());
  switch (command.name) {
    case 'issue': {
      const { token, license } = await issuer.issue(command.terms);
      return { stdout: `${token}\n`, stderr: `Issued: ${summary(license)}\n` };
    }
    case 'list': {
      if (command.usage) {
        const uses = await register.uses(command.json ? MAX_DAYS_KEPT : MAX_DAYS_SHOWN);
        return {
          stdout: command.json ? json(uses.map(publicUsageView)) : usageTable(uses),
          stderr: '',
        };
      }
      const licenses = await register.list();
      return {
        stdout: command.json ? json(licenses.map(publicView)) : licenseTable(licenses),
        stderr: licenses.map(({ license }) => warning(license, now)).join(''),
      };
    }
    case 'show': {
      const overview = await register.show(command.lid);
      const use = await register.useOf(command.lid, command.json ? MAX_DAYS_KEPT : 1);
      return {
        stdout: command.json
          ? json({ ...publicView(overview), usage: publicUsage(use) })
          : `${licenseSheet(overview)}${usageLines(use)}`,
        stderr: warning(overview.license, now),
      };
    }
    case 'history': {
      const events = await register.historyOf(command.lid);
      return { stdout: command.json ? json(events.map(publicEvent)) : historyTable(events), stderr: '' };
    }
    case 'change': {
      const { license, isChanged } = await issuer.change(command.lid, command.change);
      if (!isChanged) return { stdout: '', stderr: `Nothing to change: ${summary(license)}\n` };
      const { stderr } = done(license, now);
      return { stdout: '', stderr: `${stderr}${formerTerms(await register.show(command.lid), now)}` };
    }
    case 'token': {
      const { token, license } = await issuer.token(command.lid);
      return { stdout: `${token}\n`, stderr: `Token of: ${summary(license)}\n` };
    }
    case 'suspend':
    case 'resume':
      return done(await issuer[command.name](command.lid), now);
    case 'revoke': {
      const license = await issuer.revoke(command.lid);
      const { stderr } = done(license, now);
      return { stdout: '', stderr: `${stderr}${laterTokens(license, now)}` };
    }
    case 'prolong':
      return done(await issuer.prolong(command.lid, command.by), now);
    case 'repair': {
      const { license, isRepaired } = await issuer.repair(command.lid);
      if (!isRepaired) return { stdout: '', stderr: `Nothing to repair: ${summary(license)}\n` };
      return { stdout: '', stderr: `Done: ${summary(license)}\n${laterTokens(license, now)}` };
    }
    case 'repair all': {
      // A clock that is wrong would find nothing ahead of it.
      const confirmed = await clock.nowConfirmed();
      const ahead = (await register.list()).filter(({ license }) => isAhead(license, confirmed));
      const lines: string[] = [];
      for (const {
        license: { lid },
      } of ahead) {
        const { license, isRepaired } = await issuer.repair(lid);
        if (isRepaired) lines.push(`Done: ${summary(license)}\n${laterTokens(license, confirmed)}`);
      }
      return { stdout: '', stderr: lines.length === 0 ? 'Nothing to repair.\n' : lines.join('') };
    }
    case 'confirm-clock': {
      const confirmed = await clock.confirm();
      return {
        stdout: '',
        stderr: `Done: the issuer signs by this machine's clock, now ${isoTime(confirmed)}.\n`,
      };
    }
    case 'keys list':
    case 'keys add':
    case 'keys activate':
    case 'keys retire':
      return runKeyCommand(command, keys);
  }
}

function done(license: IssuedLicenseEntity, now: number): CommandOutput {
  return { stdout: '', stderr: `Done: ${summary(license)}\n${warning(license, now)}` };
}

function warning(license: IssuedLicenseEntity, now: number): string {
  return isAhead(license, now) ? `Warning: ${withoutInvisible(aheadWarning(license, now))}\n` : '';
}

/** What becomes of tokens that a clock signed which was ahead. */
function laterTokens({ aheadIat, status }: IssuedLicenseEntity, now: number): string {
  if (aheadIat === null || aheadIat <= now) return '';
  const until = isoTime(aheadIat);
  return status === 'revoked'
    ? `A token of it was signed for ${until}, by a clock that was ahead. No instance takes it before that time; from then on the statement covers it too.\n`
    : `Its next renewal brings a new token. A token for ${until} stays signed: no instance with a right clock takes it before that time. An instance ` +
        'whose clock was ahead too, and holds it, needs the token that "token" prints.\n';
}

function changed(before: string, issuerId: string): CommandOutput {
  return {
    stdout: '',
    stderr:
      before === issuerId
        ? `Nothing to change: the database belongs to the issuer ${issuerId}.\n`
        : `Done: the database belongs to the issuer ${issuerId}, before ${before}. Restart the issuer; instances need its tokens ("token"), and this ISSUER_ID.\n`,
  };
}

/** Until when an instance may go by the terms before a change. */
function formerTerms({ lastToken }: LicenseOverview, now: number): string {
  const exp = lastToken?.exp ?? 0;
  return exp <= now
    ? 'The next token says so.\n'
    : `The next renewal brings the new terms. An instance that does not renew has the former ones until ${isoTime(exp)}.\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function summary({ lid, sub, prod, status, nbf, lexp }: IssuedLicenseEntity): string {
  const term = `starts ${isoTime(nbf)}, ends ${isoTime(lexp)}`;
  return withoutInvisible(`license ${lid} for ${sub} (${prod.join(', ')}), ${status}, ${term}`);
}

function explained(error: unknown): unknown {
  if (error instanceof EmbeddedDirectoryInUseError) {
    return new IssuerServerError(
      `${error.message}\nAn embedded database has room for one process. If that one is the running issuer, stop it ` +
        'while you use this command, call it over HTTP with its ISSUER_ADMIN_TOKEN (docs/issuer-protocol.md), ' +
        'or let DATABASE_URL name a PostgreSQL database, which both can use at once.',
      { cause: error },
    );
  }
  if (error instanceof ClockDoubtError) return new IssuerServerError(error.message, { cause: error });
  if (error instanceof ServiceError && error.code === 'database.unavailable') {
    const reason = error.cause instanceof Error ? error.cause.message : 'no reason is known';
    return new IssuerServerError(`The database that DATABASE_URL names is not available: ${reason}`, {
      cause: error,
    });
  }
  return error;
}
