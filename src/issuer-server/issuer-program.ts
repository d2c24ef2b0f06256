import type { Logger } from 'pino';
import {
  ISSUER_SERVER_SETTINGS,
  type IssuerServerConfig,
  loadIssuerServerConfig,
} from '../config/issuer-server-config.js';
import { COMMIT, VERSION } from '../config/build-info.js';
import type { Environment } from '../config/environment.js';
import { misspelledNames } from '../config/misspelled-names.js';
import { readFilesAhead } from '../config/read-files-ahead.js';
import { openFilesWarning, ownLimits } from '../config/open-files.js';
import { SERVICE_SETTINGS } from '../config/service-config.js';
import { DatabaseUrlWatch } from '../database/database-url-watch.js';
import { migrateDatabase } from '../database/migrate-database.js';
import { end, fail } from '../end-process.js';
import { hangups } from '../hangups.js';
import { DEFAULT_LIMITS } from '../http/stable-express-adapter.js';
import { runProcess } from '../run-process.js';
import { Metrics } from '../metrics/metrics.js';
import { isClosed, standardOutput } from '../output/standard-output.js';
import { startIssuerServer } from './issuer-server.js';
import { ISSUER_SERVER_SCHEMA } from './issuer-server-schema.js';
import { IssuerServerError } from './issuer-server-error.js';
import { readCommand } from './commands/command-line.js';
import { UsageError } from './commands/command-options.js';
import { hasResult, runCommand } from './commands/commands.js';

const helpOf = (
  command: string,
) => `licentia issuer ${VERSION}: issues and renews licenses for the instances that you run.

Usage: ${command} [command] [options]

Commands:
  serve                    answer renewals and serve the key set; this is what happens without a command
    --check-config         read the configuration, say what is wrong with it, and end: with 0 when it is fine, 1
                           when it cannot be used, 3 when it can and a name looks misspelled
    --migrate              bring the tables of the database up to date, and end
    --export <file>        write all rows of the database, with the signing keys, into a new file, and end: for a move to
                           another PostgreSQL
    --import <file>        put such rows into an empty database, and end

  issue                    issue a license; its token alone goes to standard output
    --sub <root URL>       the instance that it is for (required)
    --lid <id>             the license's id (default: a new UUID)
    --company <name>       who the license is for
    --product <name>       a licensed product; may be repeated (default: grafana-enterprise)
    --users <n>            included users
    --admins <n>, --viewers <n>
                           included users by role, without --users; editors count as admins, and without one of the two
                           that role has no seats
    --devices-per-seat <n> so many anonymous devices take one seat (default: they take none)
    --sessions <n>         how many sessions a user can have at a time (default: any number)
    --billing <on|off>     whether use is billed: instances report it with their renewals, and refuse no user
    --seat-mode <mode>     what becomes of new users at the limit: active-only (default: refused), tolerance, metered, report
    --seat-tolerance <n>   how many percent of the limit the mode tolerance lets in beyond it
    --seat-window <window> how long a user counts: rolling-30d (default) or calendar-month
    --seat-leave <leave>   what becomes of the seat of a user who leaves: keep (default) or free
    --starts <time>        when the license begins (default: now): a date, a time with its zone, or Unix seconds
    --days <n>             how long the license lasts from then on (default: 365)
    --token-days <n>       how long each of its tokens lasts (default: 7)
    --token-minutes <n>    the same in minutes, instead of --token-days
    --warn-days <n>        warn so long before the license ends (default: 30)
    --token-warn-days <n>  warn so long before a token ends (default: 2, at most half of the token's life)
    --update-days <n>      how often the token is to be renewed (default: 1)

  list [--json]            list the licenses, with the last real renewal and the next end of each
    --usage                what their instances report of their use instead: the last counts and 31 days, with --json every
                           day that is kept
  show <license> [--json]  the same of one license, with all of its terms
  history <license> [--json]
                           what happened to it: tokens, renewals, changes, by whom
  change <license>         give it other terms; its next renewal brings them. Takes the options of "issue" but --sub and --lid, and
    --expires <time>       move its end to a moment, also an earlier one
    --no-company, --no-users, --no-admins, --no-viewers, --no-devices-per-seat, --no-sessions, --no-seat-policy
                           take these terms away
  suspend <license>        give it no more tokens; the present one stays good until it ends
  revoke <license>         take it away; the next renewal is answered with a signed statement
  resume <license>         take back a suspension or a revocation
  prolong <license> --days <n> | --until <time>
                           move its end by so many days, or to a moment; the next token says so
  token <license>          print its newest token again, or a new one where that has expired or says other terms
  repair <license> | --all let it get tokens again after a clock that was ahead signed its last one

  keys list [--json]       list the signing keys, and until when tokens need each of them
  keys add                 publish a new one in the key set; its id alone goes to standard output
    --algorithm <name>     ES256 (default), EdDSA, RS512 or PS256
    --file <path>          a PEM file that has the private key and stays where it is; else one is made
  keys activate <key> [--force]
                           sign with it from now on; refused until every service can have it in its key set
  keys retire <key> [--force]
                           take it out of the key set for good; refused while unexpired tokens need it

  confirm-clock            say that this machine's clock is right, after the issuer was not used for a week
  change-issuer-id         make this the database of ISSUER_ID, which was another one's; instances need new tokens

  --version                print the version and the commit
  --help                   print this

All settings come from the environment: see docs/configuration.md.
`;

/** How the program was called, and what it ends with where the command line makes no sense. */
export interface IssuerCommandLine {
  readonly command: string;
  readonly usageCode: number;
}

/** Runs the issuer, or one of its commands on its database, and ends the process. */
export async function runIssuerProgram(
  args: readonly string[],
  { command: own, usageCode }: IssuerCommandLine = {
    command: 'node dist/issuer-server/main.js',
    usageCode: 2,
  },
): Promise<void> {
  const help = helpOf(own);
  try {
    const command = readCommand(args);
    if (command === undefined) {
      await runProcess(
        {
          help,
          version: `${VERSION} (${COMMIT})`,
          settings: ISSUER_SERVER_SETTINGS,
          load: loadIssuerServerConfig,
          hints,
          logLevel: (config) => config.logLevel,
          migrate: (config) => migrateDatabase(config.database.location, ISSUER_SERVER_SCHEMA),
          transfer: ({ database: { location } }) => ({
            location,
            schema: ISSUER_SERVER_SCHEMA,
            program: 'issuer',
          }),
          start,
        },
        optionsOf(args),
        usageCode,
      );
    } else if (command.name === 'help') {
      await end(0, { result: help });
    } else {
      hangups.letGo();
      await readFilesAhead(ISSUER_SERVER_SETTINGS, process.env);
      const config = loadIssuerServerConfig(process.env);
      for (const hint of hints(process.env)) standardOutput.stderr.write(`${hint}\n`);
      if (hasResult(command) && isClosed('stdout')) {
        await end(1, {
          message: 'Standard output is closed: nothing was done, as the result would be lost.\n',
        });
      }
      const { stdout, stderr } = await runCommand(command, config);
      await end(0, { result: stdout, message: stderr });
    }
  } catch (error) {
    if (error instanceof UsageError) await end(usageCode, { message: `${error.message}\nTry --help.\n` });
    if (error instanceof IssuerServerError) await end(1, { message: `${error.message}\n` });
    await fail(error);
  }
}

function optionsOf([first, ...rest]: readonly string[]): readonly string[] {
  return first === 'serve' ? rest : first === undefined ? [] : [first, ...rest];
}

function hints(environment: Environment): string[] {
  return misspelledNames(ISSUER_SERVER_SETTINGS, environment, [SERVICE_SETTINGS]);
}

async function start(config: IssuerServerConfig, logger: Logger) {
  const tooFewFiles = openFilesWarning(DEFAULT_LIMITS.maxConnections, ownLimits(), '');
  if (tooFewFiles !== undefined) logger.warn({ msg: tooFewFiles });
  const { url, application } = await startIssuerServer(config, logger);
  application.nest.get(Metrics).observeProcess();
  logger.info({ msg: 'listening', url, issuerId: config.issuerId, version: VERSION, commit: COMMIT });
  return { close: () => application.close(), reread: () => application.nest.get(DatabaseUrlWatch).lookNow() };
}
