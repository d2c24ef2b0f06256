import type { IssuerServerConfig } from '../../config/issuer-server-config.js';
import type { IssuerAdministration } from '../../issuer-server/administration/issuer-administration.js';
import { NamedFileError } from '../../config/named-file.js';
import type * as IssuerServer from '../../issuer-server/issuer-server.js';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import type { Surroundings } from '../surroundings.js';
import { CLOCK_HINT } from './clock-hint.js';

/** How a command works on the database of an issuer that does not run. */
export interface LocalWork {
  /** It may make a database, and decide which ISSUER_ID it belongs to. */
  readonly creates: boolean;
  /** It needs the private part of the active key. */
  readonly signs: boolean;
}

/**
 * Does something with the issuer's database, as the settings of the issuer name it.
 * @throws CommandError
 */
export async function withLocalIssuer<T>(
  around: Surroundings,
  { signs, ...place }: LocalWork & { readonly isQuiet: boolean },
  work: (administration: IssuerAdministration) => Promise<T>,
): Promise<T> {
  return onDatabase(around, place, async (config, { withIssuerServer }) =>
    withIssuerServer(config, async ({ administration }) => work(administration), {
      claims: place.creates,
      signs,
    }),
  );
}

/**
 * Makes the issuer's database that of ISSUER_ID.
 * @returns the ISSUER_ID before, and now
 * @throws CommandError
 */
export async function changeLocalIssuerId(
  around: Surroundings,
  isQuiet: boolean,
): Promise<{ readonly before: string; readonly now: string }> {
  return onDatabase(around, { creates: false, isQuiet }, async (config, { changeIssuerId }) => {
    // With the default of a setting that was forgotten, the issuer and all renewals would stop.
    if (!around.environment.ISSUER_ID)
      throw new CommandError(
        ExitCode.Usage,
        'ISSUER_ID is not set. It says which issuer the database is to belong to.',
        'Set it to what the issuer itself is started with: ISSUER_ID=https://licenses.example.com licentia issuer change-issuer-id',
      );
    return { before: await changeIssuerId(config), now: config.issuerId };
  });
}

async function onDatabase<T>(
  around: Surroundings,
  { creates, isQuiet }: { readonly creates: boolean; readonly isQuiet: boolean },
  work: (config: IssuerServerConfig, issuerServer: typeof IssuerServer) => Promise<T>,
): Promise<T> {
  // The issuer loads a framework and a database, which no other command needs.
  const [settings, { SERVICE_SETTINGS }, { misspelledNames }, { readFilesAhead }, issuerServer] =
    await Promise.all([
      import('../../config/issuer-server-config.js'),
      import('../../config/service-config.js'),
      import('../../config/misspelled-names.js'),
      import('../../config/read-files-ahead.js'),
      import('../../issuer-server/issuer-server.js'),
    ]);
  const { environment } = around;
  const { ISSUER_SERVER_SETTINGS, loadIssuerServerConfig } = settings;
  const hints = isQuiet ? [] : misspelledNames(ISSUER_SERVER_SETTINGS, environment, [SERVICE_SETTINGS]);
  for (const hint of hints) around.say(`${hint}\n`);
  try {
    await readFilesAhead(ISSUER_SERVER_SETTINGS, environment);
    const config = loadIssuerServerConfig(environment);
    const missing = creates ? undefined : await issuerServer.missingDirectory(config);
    if (missing !== undefined)
      throw new CommandError(
        ExitCode.Unknown,
        `There is no database of an issuer at ${missing}, and no address of a running issuer is known.`,
        'Run "licentia login --issuer --url <address>", or set DATABASE_URL.',
      );
    return await work(config, issuerServer);
  } catch (error) {
    throw await explained(error);
  }
}

async function explained(error: unknown): Promise<unknown> {
  if (error instanceof CommandError) return error;
  const [{ explainFailure, isFinal }, { ServiceError }, { ClockDoubtError }, { IssuerServerError }] =
    await Promise.all([
      import('../../start-failure.js'),
      import('../../domain/service-error.js'),
      import('../../issuer-server/record/clock-doubt-error.js'),
      import('../../issuer-server/issuer-server-error.js'),
    ]);
  // A file of a key that cannot be read says nothing about the key.
  if (error instanceof IssuerServerError && error.cause instanceof NamedFileError)
    return new CommandError(ExitCode.Unknown, error.message);
  if (error instanceof IssuerServerError) {
    const isTerms = error.code === 'invalid_terms';
    return new CommandError(
      isTerms ? ExitCode.Usage : ExitCode.No,
      error.message,
      isTerms
        ? '"licentia issuer issue --help" lists the terms.'
        : '"licentia issuer list" shows the licenses, "licentia issuer keys list" the keys.',
    );
  }
  if (error instanceof ClockDoubtError) return new CommandError(ExitCode.Unknown, error.message, CLOCK_HINT);
  if ((error as { code?: unknown }).code === 'EMBEDDED_DIRECTORY_IN_USE')
    return new CommandError(
      ExitCode.Unknown,
      `${(error as Error).message} If that is the running issuer: it answers commands itself if it was started with ISSUER_ADMIN_TOKEN.`,
      'Run "licentia login --issuer --url http://localhost:3001" with that token, and repeat the command (without --database).',
    );
  if (isFinal(error) || error instanceof ServiceError)
    return new CommandError(
      ExitCode.Unknown,
      explainFailure(error),
      'Correct the settings of the issuer, or call a running one: "licentia login --issuer".',
    );
  return error;
}
