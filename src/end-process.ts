import { setTimeout as sleep } from 'node:timers/promises';
import { isReadingFiles } from './config/file-deadline.js';
import { flushOutput, standardOutput } from './output/standard-output.js';

/** A command that did its work ends with this when its result could not be written (EX_IOERR of sysexits.h). */
const UNWRITTEN = 74;
/** A process that has not ended so long after it was asked to is ended, milliseconds: a busy machine is late. */
export const MAX_SHUTDOWN_MS = 9_000;
/** How long the end waits for a reader of the last lines, milliseconds. */
const FLUSH_MS = 500;
/** The same where no time is left, milliseconds: twice this after the longest end is less than ten seconds. */
const LAST_WORDS_MS = 150;
/** How long a file that a setting names, or an embedded directory, may keep the end waiting, milliseconds. */
const LAST_READ_MS = 200;
/** How often the end looks whether file systems and name servers still keep it waiting, milliseconds. */
const LOOK_MS = 10;

/**
 * Ends the process when a command is done. It waits for the reader of the result, as any command in a pipeline does,
 * and for no reader of messages.
 *
 * @param said - `result` goes to standard output, `message` to standard error
 */
export async function end(code: number, said: { result?: string; message?: string }): Promise<never> {
  const { stdout, stderr } = standardOutput;
  const unwritten = await stdout.print(said.result ?? '');
  stderr.write(said.message ?? '');
  if (unwritten === undefined) return exit(code);
  stderr.write(`Standard output could not be written: ${unwritten.message}.\n`);
  return exit(code === 0 ? UNWRITTEN : code);
}

/**
 * Ends when the last lines are written, or their readers had their time, and nothing hangs, or its time is over.
 * @param isExplained - it was said already what hangs
 */
export async function exit(
  code: number,
  deadline = performance.now() + MAX_SHUTDOWN_MS,
  isExplained = false,
): Promise<never> {
  await flushOutput(Math.max(LAST_WORDS_MS, Math.min(FLUSH_MS, deadline - performance.now())));
  const lastRead = performance.now() + LAST_READ_MS;
  const patience = () => (isReadingFiles() ? Math.min(deadline, lastRead) : deadline);
  while (isWaitingForSystem() && performance.now() < patience()) await sleep(LOOK_MS);
  return exitNow(code, isExplained);
}

/**
 * Ends the process. Node waits at its end for every thread, and one that a file system or a name server holds may never
 * come back: then the process is replaced by one that ends at once with the same code (since Node 22.15), else killed.
 */
async function exitNow(code: number, isExplained: boolean): Promise<never> {
  if (isWaitingForSystem()) {
    if (!isExplained)
      standardOutput.stderr.write('A file system or a name server does not answer: ending without it.\n');
    // A stream that is a file is written by a thread, which would be cut off.
    await flushOutput(LAST_WORDS_MS);
    const { execve } = process as { execve?: (file: string, args: string[], environment: object) => void };
    execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
    process.kill(process.pid, 'SIGKILL');
    // The first process of a container cannot be killed from within.
    process.abort();
  }
  process.exit(code);
}

/** Whether a call is under way that blocks a thread for as long as a file system or a name server likes. */
function isWaitingForSystem(): boolean {
  return (
    isReadingFiles() ||
    process
      .getActiveResourcesInfo()
      .some((name) => /^(FSReq|FileHandleClose|GetAddrInfo|GetNameInfo)/i.test(name))
  );
}
