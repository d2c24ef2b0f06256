import { CommandError } from '../command-error.js';
import { chooseUrl, type ConnectionOptions, findProfile, secret, tokenOfInput } from '../connection.js';
import { ExitCode } from '../exit-code.js';
import { type OptionRow, TIMEOUT, TOKEN_STDIN } from '../licentia-command.js';
import type { Surroundings } from '../surroundings.js';

export const DEFAULT_ISSUER_URL = 'http://localhost:3001';

export interface IssuerOptions extends ConnectionOptions {
  readonly database?: true;
}

export const ISSUER_CONNECTION: readonly OptionRow[] = [
  ['--url <address>', 'the issuer (LICENTIA_ISSUER_URL; else that of the profile)'],
  ['--profile <name>', 'the profile of "licentia login --issuer" (LICENTIA_PROFILE; else "default")'],
  TOKEN_STDIN,
  [
    '--database',
    'work on the database of DATABASE_URL, while no embedded one is in use by an issuer (default without an address)',
  ],
  TIMEOUT,
];

/**
 * Which issuer is called, and with which token: the option, then the variable, then the profile.
 * @returns undefined where the database is to be used instead
 * @throws CommandError
 */
export async function findIssuer(
  around: Surroundings,
  { url: option, profile, tokenStdin, database }: IssuerOptions,
): Promise<{ readonly url: string; readonly token: string } | undefined> {
  if (database) {
    if (option === undefined && !tokenStdin) return undefined;
    throw new CommandError(ExitCode.Usage, '--database goes with neither --url nor --token-stdin.');
  }
  const { environment } = around;
  const { issuer } = await findProfile(around, profile, 'issuer');
  const given = option ?? environment.LICENTIA_ISSUER_URL;
  const variable = await secret(environment, 'LICENTIA_ISSUER_TOKEN');
  if (!given && issuer === undefined && variable === undefined && !tokenStdin) return undefined;
  const chosen = chooseUrl(given, issuer, DEFAULT_ISSUER_URL);
  const token = tokenStdin ? await tokenOfInput(around, chosen.url) : (variable ?? chosen.token);
  if (token !== undefined) return { url: chosen.url, token };
  throw new CommandError(
    ExitCode.Unknown,
    `There is no token for the issuer at ${chosen.url}.`,
    `Run "licentia login --issuer --url ${chosen.url}", or set LICENTIA_ISSUER_TOKEN_FILE.`,
  );
}
