import type { Logger } from 'pino';
import {
  ISSUER_SERVER_SETTINGS,
  type IssuerServerConfig,
  loadIssuerServerConfig,
} from '../config/issuer-server-config.js';
import { COMMIT, VERSION } from '../config/build-info.js';
import type { Environment } from '../config/environment.js';
import { misspelledNames } from '../config/misspelled-names.js';
import { openFilesWarning, ownLimits } from '../config/open-files.js';
import { SERVICE_SETTINGS } from '../config/service-config.js';
import { DatabaseUrlWatch } from '../database/database-url-watch.js';
import { migrateDatabase } from '../database/migrate-database.js';
import { end } from '../end-process.js';
import { DEFAULT_LIMITS } from '../http/stable-express-adapter.js';
import { runProcess } from '../run-process.js';
import { Metrics } from '../metrics/metrics.js';
import { startIssuerServer } from './issuer-server.js';
import { ISSUER_SERVER_SCHEMA } from './issuer-server-schema.js';

const helpOf = (
  command: string,
) => `licentia issuer ${VERSION}: the issuer, which renews licenses and serves the keys they are signed with.

Usage: ${command} [serve] [options]

  --check-config     read the configuration, say what is wrong with it, and end: with 0 when it is fine, 1 when it
                     cannot be used, 3 when it can and a name looks misspelled
  --migrate          bring the tables of the database up to date, and end
  --export <file>    write all rows of the database, with the signing keys, into a new file, and end: for a move to
                     another PostgreSQL
  --import <file>    put such rows into an empty database, and end
  --version          print the version and the commit
  --help             print this

Licenses and keys are administered with "licentia issuer": see docs/cli.md. All settings come from the environment:
see docs/configuration.md.
`;

/** How the program was called, and what it ends with where the command line makes no sense. */
export interface IssuerCommandLine {
  readonly command: string;
  readonly usageCode: number;
}

/** Runs the issuer until SIGTERM or SIGINT, or does what an option says, and ends the process. */
export async function runIssuerProgram(
  args: readonly string[],
  { command, usageCode }: IssuerCommandLine = {
    command: 'node dist/issuer-server/main.js',
    usageCode: 2,
  },
): Promise<void> {
  const [first, ...rest] = args;
  if (first !== undefined && first !== 'serve' && !first.startsWith('-'))
    return end(usageCode, {
      message:
        'This program only serves. All else is done by "licentia issuer": "licentia issuer --help" lists its commands.\n',
    });
  await runProcess(
    {
      help: helpOf(command),
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
    first === 'serve' ? rest : args,
    usageCode,
  );
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
