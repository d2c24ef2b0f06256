#!/usr/bin/env node
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { isClosed, standardOutput } from '../output/standard-output.js';
import { runCommandLine } from './program.js';

const { stdout, stderr } = standardOutput;
/** The result of a command that did its work could not be written (EX_IOERR of sysexits.h). */
const UNWRITTEN = 74;
/** How long work that is left may take, and the reader of the messages, milliseconds. */
const PARTING_MS = 500;
let isWritten = true;
let isWorkLeft = false;

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
  abandon: () => {
    isWorkLeft = true;
  },
});
if (code !== undefined) {
  process.exitCode = code === 0 && !isWritten ? UNWRITTEN : code;
  if (isWorkLeft) {
    const { exit } = await import('../end-process.js');
    await exit(process.exitCode, performance.now() + PARTING_MS);
  }
  // A message whose reader stands still is lost.
  if (!(await stderr.flush(PARTING_MS))) process.exit();
}
