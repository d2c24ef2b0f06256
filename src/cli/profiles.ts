import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { inFileTime, NamedFileError, readNamedFile } from '../config/named-file.js';
import { freshName, removeUnfinished } from '../config/new-file.js';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import type { Surroundings } from './surroundings.js';

/** A service or an issuer, and who a person is to it. */
export interface Login {
  readonly url: string;
  readonly token: string;
}

/** What is kept under a name: one of the two, or both. */
export interface Profile {
  readonly service?: Login | undefined;
  readonly issuer?: Login | undefined;
}

type Place = Pick<Surroundings, 'environment' | 'home'>;

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const OTHERS = 0o077;
/** The most that is read of a profile. */
const MAX_BYTES = 16 * 1024;

/** Where profiles are, a file each. (The XDG specification ignores a path that is not absolute.) */
export function profileDirectory({ environment, home }: Place): string {
  const { XDG_CONFIG_HOME: configured = '' } = environment;
  return join(isAbsolute(configured) ? configured : join(home, '.config'), 'licentia', 'profiles');
}

export function profileFile(place: Place, name: string): string {
  if (!NAME.test(name)) {
    throw new CommandError(
      ExitCode.Usage,
      `A profile cannot have the name ${JSON.stringify(name)}: it takes letters, digits, ".", "_" and "-", at most 64.`,
    );
  }
  return join(profileDirectory(place), `${name}.json`);
}

/** What is there is no profile that can be used. A login may replace it. */
export class UnusableProfileError extends CommandError {
  override readonly name = 'UnusableProfileError';
}

/** @returns undefined where there is none. @throws CommandError where it cannot be used or read */
export async function loadProfile(place: Place, name: string): Promise<Profile | undefined> {
  const file = profileFile(place, name);
  try {
    if (
      process.platform !== 'win32' &&
      ((await inFileTime(file, 'read', async () => stat(file))).mode & OTHERS) !== 0
    ) {
      throw new UnusableProfileError(
        ExitCode.Unknown,
        `The profile ${file} has a token that other users of this machine can read.`,
        `Make a new token, then run "licentia login" again, or "chmod 600 ${file}".`,
      );
    }
    const stored = JSON.parse((await readNamedFile(file, MAX_BYTES)).toString()) as Stored;
    const profile = { service: loginOf(stored), issuer: loginOf(stored?.issuer) };
    if (profile.service !== undefined || profile.issuer !== undefined) return profile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw asCommandError(error, `The profile ${file} cannot be read`);
  }
  throw new UnusableProfileError(
    ExitCode.Unknown,
    `The file ${file} is no profile.`,
    'Run "licentia login" again.',
  );
}

/** How a profile is written: the service at the top, as before there were issuers in profiles. */
type Stored = (Partial<Login> & { readonly issuer?: Partial<Login> }) | null;

function loginOf(stored: Partial<Login> | null | undefined): Login | undefined {
  const { url, token } = stored ?? {};
  return typeof url === 'string' && typeof token === 'string' ? { url, token } : undefined;
}

/** Writes a profile that its owner alone can read, whole or not at all. @returns its file */
export async function saveProfile(place: Place, name: string, { service, issuer }: Profile): Promise<string> {
  const stored = { ...service, ...(issuer !== undefined && { issuer }) };
  const file = profileFile(place, name);
  await inFileTime(file, 'written', async () =>
    writeWhole(file, `${JSON.stringify(stored, null, 2)}\n`),
  ).catch((error: unknown) => {
    throw asCommandError(error, `The profile ${file} cannot be written`);
  });
  return file;
}

async function writeWhole(file: string, text: string): Promise<void> {
  const fresh = freshName(file);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    await writeFile(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  await removeUnfinished(file);
}

/** @returns whether there was one */
export async function removeProfile(place: Place, name: string): Promise<boolean> {
  const file = profileFile(place, name);
  return inFileTime(file, 'removed', async () => rm(file)).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw asCommandError(error, `The profile ${file} cannot be removed`);
    },
  );
}

export async function profileNames(place: Place): Promise<string[]> {
  const directory = profileDirectory(place);
  const files = await inFileTime(directory, 'read', async () => readdir(directory)).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw asCommandError(error, `The directory of the profiles, ${directory}, cannot be read`);
    },
  );
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

function asCommandError(error: unknown, sentence: string): unknown {
  if (!(error instanceof NamedFileError)) return error;
  return new CommandError(ExitCode.Unknown, `${sentence}: ${error.message}.`);
}
