import { open } from 'node:fs/promises';
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
    const file = await open(path);
    try {
      const buffer = Buffer.alloc(MAX_BYTES + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      if (bytesRead > MAX_BYTES) throw new CommandError(ExitCode.Usage, `The file ${path} is too large.`);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(ExitCode.Unknown, `The file ${path} cannot be read: ${(error as Error).message}.`);
  }
}
