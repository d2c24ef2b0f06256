import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { collectGarbage } from './collect-garbage.js';
import { endAtSignals } from './command-signals.js';
import { ConfigError, type Environment, type Settings } from './config/environment.js';
import { readFilesAhead } from './config/read-files-ahead.js';
import { createLogger } from './http/logger.js';
import { end, exit, MAX_SHUTDOWN_MS } from './end-process.js';
import { standardOutput } from './output/standard-output.js';
import { hasTerminal } from './output/terminal.js';
import { hangups } from './hangups.js';
import { runTransfer } from './transfer-command.js';
import { describeApplied } from './database/migrate.js';
import type { Transferable } from './database/transfer.js';
import { explainFailure, fail } from './start-failure.js';

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
  /** What is lost if the process ends before {@link close} is done, for the log. */
  readonly unfinished?: () => object;
  /** Resolves with the error that a background start cannot recover from, else with undefined. */
  readonly failure?: Promise<unknown>;
}

/** One of our programs: how its configuration is read and how it starts. */
export interface Program<Config> {
  readonly help: string;
  readonly version: string;
  /** What {@link load} reads. */
  readonly settings: Settings;
  readonly load: (environment: Environment) => Config;
  /** What is odd about an environment that can be used all the same: a sentence each. */
  readonly hints: (environment: Environment) => readonly string[];
  /**
   * For `--check-config`: what is odd about the files that settings name and that may change while the
   * process runs, a sentence each. It looks at them beside the faults of other settings, too.
   */
  readonly inspect?: (environment: Environment) => Promise<readonly string[]>;
  readonly logLevel: (config: Config) => string;
  /** Brings the tables up to date, as {@link start} would. @returns what ran */
  readonly migrate: (config: Config) => Promise<readonly string[]>;
  /** What `--export` and `--import` are about; undefined where there are several databases. */
  readonly transfer?: (config: Config) => Transferable;
  /** Stores encrypted rows anew with the present key. @returns what to say; undefined where there are none */
  readonly reencrypt?: (config: Config) => Promise<string>;
  readonly start: (config: Config, logger: Logger) => Promise<Running>;
}

/** `--check-config` ends with this when the configuration can be used and something about it looks wrong. */
const LOOKS_WRONG = 3;

/**
 * Runs a program by its command line and its environment until SIGTERM or SIGINT. A configuration or a start that
 * fails says why, in whole, and ends with 1; a wrong command line ends with 2.
 *
 * @param args - the command line, without what a program of several commands has read of it already
 * @param usageCode - what a wrong command line ends with
 */
export async function runProcess<Config>(
  program: Program<Config>,
  args: readonly string[] = process.argv.slice(2),
  usageCode = 2,
): Promise<void> {
  ownWarnings();
  let options;
  try {
    options = readArguments(args);
  } catch (error) {
    return end(usageCode, { message: `${(error as Error).message}\nTry --help.\n` });
  }
  if (Object.values(options).some(Boolean)) endAtSignals();
  if (options.help) return end(0, { result: program.help });
  if (options.version) return end(0, { result: `${program.version}\n` });
  const hints = program.hints(process.env);
  const message = hints.map((hint) => `${hint}\n`).join('');
  try {
    await readFilesAhead(program.settings, process.env);
    const config = program.load(process.env);
    if (options['check-config']) {
      const findings = await inspectFiles(program);
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
      const result = `${applied.map((name) => `${describeApplied(name)}\n`).join('')}The tables are up to date.\n`;
      return await end(0, { result });
    }
    if (options.reencrypt) {
      standardOutput.stderr.write(message);
      const result = await program.reencrypt?.(config);
      return await end(0, {
        result: result ?? 'Nothing to do: each start encrypts what this program stores.\n',
      });
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
    if (error instanceof ConfigError) {
      // What is missing may be there under another name.
      standardOutput.stderr.write(message);
      const findings = options['check-config'] ? await inspectFiles(program) : [];
      standardOutput.stderr.write(findings.map((finding) => `${finding}\n`).join(''));
    }
    return fail(error);
  }
}

async function inspectFiles<Config>({ inspect }: Program<Config>): Promise<readonly string[]> {
  return (await inspect?.(process.env)) ?? [];
}

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      'check-config': { type: 'boolean', default: false },
      migrate: { type: 'boolean', default: false },
      reencrypt: { type: 'boolean', default: false },
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
  const finish = async (reason: object, failure?: unknown) => {
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
      sleep(MAX_SHUTDOWN_MS).then(() => ({
        reason: 'not everything ended in time',
        ...running?.unfinished?.(),
      })),
    ]);
    const code = outcome === undefined && failure === undefined ? 0 : 1;
    ended(code, outcome);
    if (outcome !== undefined && 'err' in outcome)
      standardOutput.stderr.write(`${explainFailure(outcome.err)}\n`);
    if (failure !== undefined) standardOutput.stderr.write(`${explainFailure(failure)}\n`);
    return exit(code, began + MAX_SHUTDOWN_MS);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, () => void finish({ signal }));
  }
  // Without a handler the one would open a debugger, and the other would end the process without a word.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => logger.info({ msg: 'this signal has no meaning here', signal }));
  }
  let rereadsOnceRunning = false;
  hangups.follow(() => {
    if (hangups.hadTerminal && !hasTerminal())
      void finish({ signal: 'SIGHUP', reason: 'the terminal is gone' });
    else if (ending) logger.info({ msg: 'nothing to read again now', signal: 'SIGHUP' });
    else if (running === undefined) rereadsOnceRunning = true;
    else void reread(running, logger);
  });
  try {
    running = await starting;
    await collectGarbage();
    if (rereadsOnceRunning && !ending) void reread(running, logger);
  } catch (error) {
    logger.fatal({ msg: 'ended', code: 1, reason: `the start failed: ${explainFailure(error)}` });
    return fail(error);
  }
  const failure = await running.failure;
  if (failure !== undefined)
    await finish({ reason: `the start failed: ${explainFailure(failure)}` }, failure);
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
