import type { ClientOptions } from '#client';
import { NamedFileError, readNamedFile } from '../config/named-file.js';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { askSecret, readInput } from './dialog.js';
import { loadProfile, type Login, type Profile } from './profiles.js';
import type { Surroundings } from './surroundings.js';

export const DEFAULT_URL = 'http://localhost:3000';
export const DEFAULT_PROFILE = 'default';
/** The most that is read of a token or a password, bytes. */
const MAX_SECRET_BYTES = 16 * 1024;

/** Of a command that calls the service. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly profile?: string;
  readonly tokenStdin?: true;
}

type Connection = Pick<ClientOptions, 'baseUrl' | 'token' | 'administrator'>;
type Place = Pick<Surroundings, 'environment' | 'home'>;

/** The token that standard input has; on a terminal it is asked for, and not shown. */
export async function tokenOfInput(around: Surroundings, url: string): Promise<string> {
  if (!around.isTerminal.stdin) return (await readInput(around)).trim();
  return (await askSecret(around, `Token for ${url} (it is not shown): `)).trim();
}

/**
 * Which service is called, and as whom: the option, then the variable, then the profile.
 * @throws CommandError
 */
export async function findConnection(
  around: Surroundings,
  { url: option, profile: named, tokenStdin }: ConnectionOptions,
): Promise<Connection> {
  const { environment } = around;
  const { service } = await findProfile(around, named, 'service');
  const chosen = chooseUrl(option ?? environment.LICENTIA_URL, service);
  if (tokenStdin) return { baseUrl: chosen.url, token: await tokenOfInput(around, chosen.url) };
  const token = await secret(environment, 'LICENTIA_TOKEN');
  const password = await secret(environment, 'LICENTIA_PASSWORD');
  const { LICENTIA_USER: user } = environment;
  if (token !== undefined) return { baseUrl: chosen.url, token };
  if (Boolean(user) !== (password !== undefined))
    throw new CommandError(ExitCode.Usage, 'Set both LICENTIA_USER and LICENTIA_PASSWORD_FILE, or neither.');
  if (user && password !== undefined) return { baseUrl: chosen.url, administrator: { user, password } };
  return { baseUrl: chosen.url, token: chosen.token };
}

/** The profile of this name, or the default one if it is there. @throws CommandError for a named one that is not */
export async function findProfile(
  place: Place,
  named: string | undefined,
  part: keyof Profile,
): Promise<Profile> {
  const name = named ?? place.environment.LICENTIA_PROFILE;
  const profile = await loadProfile(place, name || DEFAULT_PROFILE);
  if (!name || profile?.[part] !== undefined) return profile ?? {};
  const login = `licentia login${part === 'issuer' ? ' --issuer' : ''} --profile ${name} --url <address>`;
  throw new CommandError(
    ExitCode.Usage,
    profile === undefined ? `There is no profile "${name}".` : `The profile "${name}" has no ${part}.`,
    `Run "${login}"; "licentia profiles" lists those that exist.`,
  );
}

/** The token of a profile goes to the service of that profile, and to no other address. */
export function chooseUrl(
  given: string | undefined,
  profile: Login | undefined,
  usual = DEFAULT_URL,
): { url: string; token: string | undefined } {
  const url = given || profile?.url || usual;
  return { url, token: profile !== undefined && isSame(profile.url, url) ? profile.token : undefined };
}

function isSame(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href;
}

/** A variable, or the file that it names with `_FILE`; never both, as with the settings of the service. */
export async function secret(environment: Place['environment'], name: string): Promise<string | undefined> {
  const text = environment[name];
  const file = environment[`${name}_FILE`];
  if (text && file) throw new CommandError(ExitCode.Usage, `Set ${name} or ${name}_FILE, not both.`);
  if (!file) return text || undefined;
  try {
    const content = (await readNamedFile(file, MAX_SECRET_BYTES)).toString().trim();
    if (content !== '') return content;
    throw new CommandError(ExitCode.Unknown, `The file of ${name}_FILE is empty.`);
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new CommandError(ExitCode.Unknown, `The file of ${name}_FILE cannot be read: ${error.message}.`);
  }
}
