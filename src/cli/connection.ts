import type { ClientOptions } from '#client';
import { NamedFileError, readNamedFile } from '../config/named-file.js';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { loadProfile, type Profile } from './profiles.js';
import type { Surroundings } from './surroundings.js';

export const DEFAULT_URL = 'http://localhost:3000';
export const DEFAULT_PROFILE = 'default';
/** The most that is read of a token or a password, bytes. */
const MAX_SECRET_BYTES = 16 * 1024;

/** Of a command that calls the service. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly profile?: string;
}

type Connection = Pick<ClientOptions, 'baseUrl' | 'token' | 'administrator'>;
type Place = Pick<Surroundings, 'environment' | 'home'>;

/**
 * Which service is called, and as whom: the option, then the variable, then the profile.
 * @throws CommandError
 */
export async function findConnection(
  place: Place,
  { url: option, profile: named }: ConnectionOptions,
): Promise<Connection> {
  const { environment } = place;
  const name = named ?? environment.LICENTIA_PROFILE;
  const profile = await loadProfile(place, name || DEFAULT_PROFILE);
  if (profile === undefined && name) {
    throw new CommandError(
      ExitCode.Usage,
      `There is no profile "${name}".`,
      `Run "licentia login --profile ${name} --url <address>"; "licentia profiles" lists those that exist.`,
    );
  }
  const token = await secret(environment, 'LICENTIA_TOKEN');
  const password = await secret(environment, 'LICENTIA_PASSWORD');
  const { LICENTIA_USER: user } = environment;
  const chosen = chooseUrl(option ?? environment.LICENTIA_URL, profile);
  if (token !== undefined) return { baseUrl: chosen.url, token };
  if (Boolean(user) !== (password !== undefined))
    throw new CommandError(ExitCode.Usage, 'Set both LICENTIA_USER and LICENTIA_PASSWORD_FILE, or neither.');
  if (user && password !== undefined) return { baseUrl: chosen.url, administrator: { user, password } };
  return { baseUrl: chosen.url, token: chosen.token };
}

/** The token of a profile goes to the service of that profile, and to no other address. */
export function chooseUrl(
  given: string | undefined,
  profile: Profile | undefined,
): { url: string; token: string | undefined } {
  const url = given || profile?.url || DEFAULT_URL;
  return { url, token: profile !== undefined && isSame(profile.url, url) ? profile.token : undefined };
}

function isSame(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href;
}

/** A variable, or the file that it names with `_FILE`; never both, as with the settings of the service. */
async function secret(environment: Place['environment'], name: string): Promise<string | undefined> {
  const text = environment[name];
  const file = environment[`${name}_FILE`];
  if (text && file) throw new CommandError(ExitCode.Usage, `Set ${name} or ${name}_FILE, not both.`);
  if (!file) return text || undefined;
  try {
    return (await readNamedFile(file, MAX_SECRET_BYTES)).toString().trim();
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new CommandError(ExitCode.Unknown, `The file of ${name}_FILE cannot be read: ${error.message}.`);
  }
}
