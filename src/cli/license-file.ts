import { NamedFileError, readNamedFile } from '../config/named-file.js';
import { withoutSurroundings } from '../domain/token/malformed-token.js';
import { CommandError } from './command-error.js';
import { readInput } from './dialog.js';
import { ExitCode } from './exit-code.js';
import type { Surroundings } from './surroundings.js';

/** The most that is read of a token or a key set, bytes. */
const MAX_BYTES = 256 * 1024;

/** The license token of a file, or of standard input where that is `-`. @throws CommandError */
export async function readToken(around: Surroundings, path: string): Promise<string> {
  const token = withoutSurroundings(path === '-' ? await readInput(around) : await readText(path));
  if (token === '') throw new CommandError(ExitCode.Usage, 'There is no token: the input is empty.');
  return token;
}

/** @throws CommandError */
export async function readText(path: string): Promise<string> {
  try {
    return (await readNamedFile(path, MAX_BYTES)).toString();
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new CommandError(ExitCode.Unknown, `The file ${path} cannot be read: ${error.message}.`);
  }
}
