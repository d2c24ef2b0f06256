import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { ConfigError, type Environment } from './config/environment.js';
import { isReadingFiles } from './config/named-file.js';
import { createLogger } from './http/logger.js';
import { flushOutput, standardOutput } from './output/standard-output.js';
import { hasTerminal } from './output/terminal.js';
import { runTransfer } from './transfer-command.js';
import type { Transferable } from './database/transfer.js';
import { explainFailure } from './start-failure.js';

/** What became of a file that a setting names, when it was read again. */
export interface Reread {
  readonly setting: string;
  /** What it says now, or why it cannot be used. */
  readonly outcome: string;
  readonly failed: boolean;
}

/** A program at work. */
export interface Running {
  close(): Promise<void>;
  /** Reads again at once what can be read again while it runs. */
  reread(): Promise<readonly Reread[]>;
}

/** One of our programs: how its configuration is read and how it starts. */
export interface Program<Config> {
  readonly help: string;
  readonly version: string;
  readonly load: (environment: Environment) => Config;
  /** What is odd about an environment that can be used all the same: a sentence each. */
  readonly hints: (environment: Environment) => readonly string[];
  /** For `--check-config`: what is odd about the files that a fine configuration names, a sentence each. */
  readonly inspect?: (config: Config) => Promise<readonly string[]>;
  readonly logLevel: (config: Config) => string;
  /** Brings the tables up to date, as {@link start} would. @returns what ran */
  readonly migrate: (config: Config) => Promise<readonly string[]>;
  /** What `--export` and `--import` are about; undefined where there are several databases. */
  readonly transfer?: (config: Config) => Transferable;
  readonly start: (config: Config, logger: Logger) => Promise<Running>;
}

/** `--check-config` ends with this when the configuration can be used and something about it looks wrong. */
const LOOKS_WRONG = 3;
/** A command that did its work ends with this when its result could not be written (EX_IOERR of sysexits.h). */
const UNWRITTEN = 74;

/** A process that has not ended by itself this long after it was asked to is ended, milliseconds. */
const LONGEST_SHUTDOWN_MS = 9_600;
/** How long the end waits for a reader of the last lines, milliseconds. */
const FLUSH_MS = 500;
/** The same where no time is left, milliseconds: twice this after the longest end is less than ten seconds. */
const LAST_WORDS_MS = 150;
/** How long a file that a setting names may keep the end waiting, milliseconds. */
const LAST_READ_MS = 200;
/** How often the end looks whether file systems and name servers still keep it waiting, milliseconds. */
const LOOK_MS = 10;

/**
 * Runs a program by its command line and its environment until SIGTERM or SIGINT. A configuration or a start that
 * fails says why, in whole, and ends with 1; a wrong command line ends with 2.
 *
 * @param args - the command line, without what a program of several commands has read of it already
 */
export async function runProcess<Config>(
  program: Program<Config>,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  ownWarnings();
  let options;
  try {
    options = readArguments(args);
  } catch (error) {
    return end(2, { message: `${(error as Error).message}\nTry --help.\n` });
  }
  if (options.help) return end(0, { result: program.help });
  if (options.version) return end(0, { result: `${program.version}\n` });
  const hints = program.hints(process.env);
  const message = hints.map((hint) => `${hint}\n`).join('');
  try {
    const config = program.load(process.env);
    if (options['check-config']) {
      const findings = (await program.inspect?.(config)) ?? [];
      if (hints.length + findings.length === 0)
        return await end(0, { result: 'The configuration is fine.\n' });
      const remarks = findings.map((finding) => `${finding}\n`).join('');
      return await end(LOOKS_WRONG, {
        result: 'The configuration can be used.\n',
        message: message + remarks,
      });
    }
    if (options.migrate) {
      standardOutput.stderr.write(message);
      const applied = await program.migrate(config);
      const result = `${applied.map((name) => `Applied ${name}.\n`).join('')}The tables are up to date.\n`;
      return await end(0, { result });
    }
    if (options.export !== undefined || options.import !== undefined) {
      standardOutput.stderr.write(message);
      return await end(0, { result: await runTransfer(program.transfer?.(config), options) });
    }
    stayUp();
    const logger = createLogger(program.logLevel(config));
    for (const hint of hints) logger.warn({ msg: hint });
    await serve(program.start(config, logger), logger);
  } catch (error) {
    // What is missing may be there under another name.
    if (error instanceof ConfigError) standardOutput.stderr.write(message);
    return fail(error);
  }
}

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      'check-config': { type: 'boolean', default: false },
      migrate: { type: 'boolean', default: false },
      export: { type: 'string' },
      import: { type: 'string' },
      version: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

/** Node's own way of writing warnings fails where standard error does. */
function ownWarnings(): void {
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => standardOutput.stderr.write(`${name}: ${message}\n`));
}

/**
 * A promise or a socket that nobody listens to any more must not end a process that answers others from memory. What
 * happened is on standard error.
 */
function stayUp(): void {
  const report = (error: unknown) =>
    standardOutput.stderr.write(`unexpected: ${String((error as Error)?.stack ?? error)}\n`);
  process.on('unhandledRejection', report);
  process.on('uncaughtException', report);
}

/**
 * Follows the signals. It ends once, however many come: a second one must not cut off what the first one lets finish.
 * While the start is still under way nothing is to be finished. (Without handlers process 1 of a container would ignore
 * them.)
 */
async function serve(starting: Promise<Running>, logger: Logger): Promise<void> {
  let running: Running | undefined;
  let ending = false;
  const finish = async (reason: object) => {
    if (ending) return logger.info({ msg: 'is ending already', ...reason });
    ending = true;
    const began = performance.now();
    logger.info({ msg: 'ending', ...reason });
    const ended = (code: number, more: object = {}) =>
      logger[code === 0 ? 'info' : 'error']({
        msg: 'ended',
        ...reason,
        code,
        ms: Math.round(performance.now() - began),
        ...more,
      });
    const outcome = await Promise.race([
      closing(running),
      sleep(LONGEST_SHUTDOWN_MS, { reason: 'not everything ended in time' }),
    ]);
    const code = outcome === undefined ? 0 : 1;
    ended(code, outcome);
    if (outcome !== undefined && 'err' in outcome)
      standardOutput.stderr.write(`${explainFailure(outcome.err)}\n`);
    return exit(code, began + LONGEST_SHUTDOWN_MS);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, () => void finish({ signal }));
  }
  // Without a handler the one would open a debugger, and the other would end the process without a word.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => logger.info({ msg: 'this signal has no meaning here', signal }));
  }
  const hadTerminal = hasTerminal();
  process.on('SIGHUP', () => {
    if (hadTerminal && !hasTerminal()) void finish({ signal: 'SIGHUP', reason: 'the terminal is gone' });
    else if (running === undefined || ending)
      logger.info({ msg: 'nothing to read again now', signal: 'SIGHUP' });
    else void reread(running, logger);
  });
  try {
    running = await starting;
  } catch (error) {
    logger.fatal({ msg: 'ended', code: 1, reason: `the start failed: ${explainFailure(error)}` });
    return fail(error);
  }
}

/** @returns why it failed, or undefined */
async function closing(running: Running | undefined): Promise<{ err: unknown } | undefined> {
  try {
    await running?.close();
    return undefined;
  } catch (err) {
    return { err };
  }
}

/** At SIGHUP, which also comes when a terminal is closed. One line says all that became of it. */
async function reread(running: Running, logger: Logger): Promise<void> {
  const files = await running.reread();
  const outcomes = Object.fromEntries(files.map(({ setting, outcome }) => [setting, outcome]));
  const level = files.some(({ failed }) => failed) ? 'warn' : 'info';
  logger[level]({ msg: 'read again what settings name', signal: 'SIGHUP', ...outcomes });
}

/** Ends the process with 1, and says why: in a sentence where an operator can do something about it. */
export async function fail(error: unknown): Promise<never> {
  return end(1, { message: `${explainFailure(error)}\n` });
}

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

/** Ends when the last lines are written, or their readers had their time, and nothing hangs, or its time is over. */
async function exit(code: number, deadline = performance.now() + LONGEST_SHUTDOWN_MS): Promise<never> {
  await flushOutput(Math.max(LAST_WORDS_MS, Math.min(FLUSH_MS, deadline - performance.now())));
  const lastRead = performance.now() + LAST_READ_MS;
  const patience = () => (isReadingFiles() ? Math.min(deadline, lastRead) : deadline);
  while (isWaitingForSystem() && performance.now() < patience()) await sleep(LOOK_MS);
  return exitNow(code);
}

/**
 * Ends the process. Node waits at its end for every thread, and one that a file system or a name server holds may never
 * come back: then the process is replaced by one that ends at once with the same code (since Node 22.15), else killed.
 */
async function exitNow(code: number): Promise<never> {
  if (isWaitingForSystem()) {
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
