import type { AuthorityConfig } from '../config/authority-config.js';
import { EmbeddedDirectoryInUseError } from '../database/embedded/directory-lock.js';
import { isoTime, toSeconds } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { type AuthorityOptions, changeIssuerId, withAuthority } from './authority.js';
import { AuthorityError } from './authority-error.js';
import { ClockDoubtError } from './clock-doubt-error.js';
import type { Command } from './command-line.js';
import type { CommandOutput } from './command-output.js';
import type { ConfirmedClock } from './confirmed-clock.js';
import { aheadWarning, isAhead } from './iat-repair.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import type { KeyAdministration } from './key-administration.js';
import { runKeyCommand } from './key-commands.js';
import type { LicenseAuthority } from './license-authority.js';
import { printable, textTable } from './text-table.js';

/** Whether what a command says to the next program is what it is for. */
export function hasResult({ name }: Command): boolean {
  return ['issue', 'list', 'token', 'keys list', 'keys add'].includes(name);
}

/**
 * Does what an operator asks for, on the issuer's database.
 * @throws AuthorityError for what that person can do something about; PendingMigrationsError
 */
export async function runCommand(
  command: Exclude<Command, { name: 'help' }>,
  config: AuthorityConfig,
  options: AuthorityOptions = {},
): Promise<CommandOutput> {
  try {
    if (command.name === 'change-issuer-id') return changed(await changeIssuerId(config), config.issuerId);
    // A command that only looks must not decide whose the database is: its ISSUER_ID may be a default.
    const claims = command.name === 'issue';
    return await withAuthority(config, (issuer, clock, keys) => run(command, issuer, clock, keys), {
      ...options,
      claims,
    });
  } catch (error) {
    throw explained(error);
  }
}

async function run(
  command: Exclude<Command, { name: 'help' } | { name: 'change-issuer-id' }>,
  issuer: LicenseAuthority,
  clock: ConfirmedClock,
  keys: KeyAdministration,
): Promise<CommandOutput> {
  const now = toSeconds(clock.moment.getTime());
  switch (command.name) {
    case 'issue': {
      const { token, license } = await issuer.issue(command.terms);
      return { stdout: `${token}\n`, stderr: `Issued: ${summary(license)}\n` };
    }
    case 'list': {
      const licenses = await issuer.list();
      return {
        stdout: command.json
          ? `${JSON.stringify(licenses.map(publicView), null, 2)}\n`
          : licenseTable(licenses),
        stderr: licenses.map((license) => warning(license, now)).join(''),
      };
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
  return isAhead(license, now) ? `Warning: ${printable(aheadWarning(license, now))}\n` : '';
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

/** What `list` tells of a license; times in Unix seconds, by the names of the claims. */
function publicView(license: IssuedLicenseEntity) {
  const { lid, status, sub, prod, company, includedUsers, nbf, lexp, lastIat, revokedAt } = license;
  return {
    lid,
    status,
    sub,
    prod,
    company,
    included_users: includedUsers,
    nbf,
    lexp,
    last_iat: lastIat,
    revoked_at: revokedAt,
  };
}

function summary({ lid, sub, prod, status, nbf, lexp }: IssuedLicenseEntity): string {
  const term = `starts ${isoTime(nbf)}, ends ${isoTime(lexp)}`;
  return printable(`license ${lid} for ${sub} (${prod.join(', ')}), ${status}, ${term}`);
}

function licenseTable(licenses: readonly IssuedLicenseEntity[]): string {
  const head = ['LICENSE', 'STATUS', 'INSTANCE', 'PRODUCTS', 'USERS', 'STARTS', 'ENDS', 'LAST TOKEN'];
  const rows = licenses.map(({ lid, status, sub, prod, includedUsers, nbf, lexp, lastIat }) => [
    ...[lid, status, sub, prod.join(','), String(includedUsers ?? '-')],
    ...[nbf, lexp, lastIat].map(isoTime),
  ]);
  return textTable([head, ...rows]);
}

function explained(error: unknown): unknown {
  if (error instanceof EmbeddedDirectoryInUseError) {
    return new AuthorityError(
      `${error.message}\nAn embedded database has room for one process. If that one is the running issuer, stop it ` +
        'while you use this command, or let DATABASE_URL name a PostgreSQL database, which both can use at once.',
      { cause: error },
    );
  }
  if (error instanceof ClockDoubtError) return new AuthorityError(error.message, { cause: error });
  if (error instanceof ServiceError && error.code === 'database.unavailable') {
    const reason = error.cause instanceof Error ? error.cause.message : 'no reason is known';
    return new AuthorityError(`The database that DATABASE_URL names is not available: ${reason}`, {
      cause: error,
    });
  }
  return error;
}
