import { parseArgs } from 'node:util';
import { ConfigError, type Environment } from './config/environment.js';
import { isReadingFiles } from './config/named-file.js';
import { EmbeddedDirectoryInUseError } from './database/embedded/directory-lock.js';
import { StaleIdentityError } from './database/identities.js';
import { MigrationFailedError, MigrationTableError, PendingMigrationsError } from './database/migrate.js';
import { ServiceError } from './domain/service-error.js';

/** Something that can be asked to end. */
export interface Closable {
  close(): Promise<void>;
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
  /** Brings the tables up to date, as {@link start} would. @returns what ran */
  readonly migrate: (config: Config) => Promise<readonly string[]>;
  readonly start: (config: Config, hints: readonly string[]) => Promise<Closable>;
}

/** `--check-config` ends with this when the configuration can be used and something about it looks wrong. */
const LOOKS_WRONG = 3;

/** A process that has not ended by itself this long after it was asked to is ended, milliseconds. */
const LONGEST_SHUTDOWN_MS = 9_800;

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
  const options = readArguments(args);
  if (options.help) {
    process.stdout.write(program.help);
    return;
  }
  if (options.version) {
    process.stdout.write(`${program.version}\n`);
    return;
  }
  const hints = program.hints(process.env);
  const tell = () => hints.forEach((hint) => process.stderr.write(`${hint}\n`));
  try {
    const config = program.load(process.env);
    if (options['check-config']) {
      const findings = (await program.inspect?.(config)) ?? [];
      tell();
      findings.forEach((finding) => process.stderr.write(`${finding}\n`));
      const looksWrong = hints.length + findings.length > 0;
      process.stdout.write(looksWrong ? 'The configuration can be used.\n' : 'The configuration is fine.\n');
      process.exitCode = looksWrong ? LOOKS_WRONG : 0;
      return;
    }
    if (options.migrate) {
      tell();
      const applied = await program.migrate(config);
      process.stdout.write(
        `${applied.map((name) => `Applied ${name}.\n`).join('')}The tables are up to date.\n`,
      );
      return;
    }
    stayUp();
    endOnSignal(program.start(config, hints));
  } catch (error) {
    // What is missing may be there under another name.
    if (error instanceof ConfigError) tell();
    fail(error);
  }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'check-config': { type: 'boolean', default: false },
        migrate: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nTry --help.\n`);
    process.exit(2);
  }
}

/**
 * A promise or a socket that nobody listens to any more must not end a process that answers others from memory. What
 * happened is on standard error.
 */
function stayUp(): void {
  const report = (error: unknown) =>
    process.stderr.write(`unexpected: ${String((error as Error)?.stack ?? error)}\n`);
  process.on('unhandledRejection', report);
  process.on('uncaughtException', report);
}

/**
 * Ends once, however many signals come: a second one must not cut off what the first one lets finish. While the start
 * is still under way nothing is to be finished. (Without handlers process 1 of a container would ignore them.)
 */
function endOnSignal(starting: Promise<Closable>): void {
  let running: Closable | undefined;
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    if (running === undefined) return exit(0);
    setTimeout(() => exit(1), LONGEST_SHUTDOWN_MS).unref();
    running.close().then(
      () => exit(0),
      (error: unknown) => fail(error),
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  starting.then(
    (started) => (running = started),
    (error: unknown) => fail(error),
  );
}

/** Ends the process with 1, and says why: in a sentence where an operator can do something about it. */
export function fail(error: unknown): void {
  process.stderr.write(`${explain(error) ?? String((error as Error)?.stack ?? error)}\n`);
  exit(1);
}

/** How long a file that is being read may keep the end waiting, milliseconds. */
const LAST_READ_MS = 200;

/**
 * Ends the process. Node waits at its end for the threads that read files, and on a file system that hangs no read ends:
 * then the process is replaced by one that ends at once with the same code (since Node 22.15), else killed.
 */
function exit(code: number): void {
  if (!isReadingFiles()) process.exit(code);
  setTimeout(() => {
    if (!isReadingFiles()) process.exit(code);
    process.stderr.write('A file that a setting names is still being read: ending without it.\n');
    const { execve } = process as { execve?: (file: string, args: string[], environment: object) => void };
    execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
    process.kill(process.pid, 'SIGKILL');
    // The first process of a container cannot be killed from within.
    process.abort();
  }, LAST_READ_MS);
}

const PLAIN = [
  ConfigError,
  EmbeddedDirectoryInUseError,
  MigrationFailedError,
  MigrationTableError,
  PendingMigrationsError,
  StaleIdentityError,
];

/** What an operator can do something about needs no stack. */
function explain(error: unknown): string | undefined {
  if (PLAIN.some((type) => error instanceof type)) return (error as Error).message;
  if (error instanceof ServiceError && error.code === 'database.unavailable') {
    const reason = error.cause instanceof Error ? error.cause.message : 'no reason is known';
    return `The database that DATABASE_URL names is not available: ${reason}`;
  }
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${address} is in use already: stop what listens there, or set PORT to another one.`;
    case 'EACCES':
    case 'EADDRNOTAVAIL':
      return `Cannot listen on port ${port} of ${address}: ${(error as Error).message}.`;
    case 'ENOTFOUND':
      return `Cannot listen: ${(error as Error).message}. HOST must be an address or a name of this machine.`;
    default:
      return undefined;
  }
}
