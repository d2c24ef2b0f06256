#!/usr/bin/env node
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { exit } from '../end-process.js';
import { isClosed, standardOutput } from '../output/standard-output.js';
import { ExitCode } from './exit-code.js';
import { runCommandLine } from './program.js';

const { stdout, stderr } = standardOutput;
/** The result of a command that did its work could not be written (EX_IOERR of sysexits.h). */
const UNWRITTEN = 74;
/** How long work that is left may take, and the reader of the messages, milliseconds. */
const PARTING_MS = 500;
let isWritten = true;

const code = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  home: homedir(),
  // Opened at the first use: a command that reads nothing must not wait for it.
  get stdin() {
    return process.stdin;
  },
  isTerminal: { stdin: isatty(0), stdout: isatty(1), stderr: isatty(2) },
  get isOutputClosed() {
    return isClosed('stdout');
  },
  get columns() {
    return isatty(1) ? process.stdout.columns : undefined;
  },
  write: async (text) => {
    const unwritten = await stdout.print(text);
    if (unwritten === undefined) return;
    isWritten = false;
    stderr.write(`Standard output could not be written: ${unwritten.message}.\n`);
  },
  say: (text) => stderr.write(text),
}).catch((fault: unknown) => {
  stderr.write(`${String((fault as Error)?.stack ?? fault)}\n`);
  return ExitCode.Unknown;
});
// The process does not wait for what is left: a file that hangs, workers of a database, a reader that stands still.
if (code !== undefined)
  await exit(code === 0 && !isWritten ? UNWRITTEN : code, performance.now() + PARTING_MS, true);
