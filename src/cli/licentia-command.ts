import { Command } from 'commander';
import { type Client, createClient, type Outcome } from '#client';
import { duration } from './arguments.js';
import { CallFailedError, CommandError } from './command-error.js';
import { type ConnectionOptions, findConnection } from './connection.js';
import { ExitCode } from './exit-code.js';
import { Patience } from './patience.js';
import { render, type Report } from './report.js';
import { hasColor, hasUnicode, type Surroundings, USUAL_COLUMNS } from './surroundings.js';

export type OptionRow = readonly [
  flags: string,
  description: string,
  parse?: (text: string, before: unknown) => unknown,
];

/** What is written about a command, in its help and in docs/cli.md. */
export interface Manual {
  readonly summary: string;
  readonly examples: readonly string[];
  readonly options?: readonly OptionRow[];
  /** What its first argument can be, where that is one of a few words. */
  readonly choices?: readonly string[];
  /** The operations of the API that it calls. `--json` prints the answer of the first unless `json` is set. */
  readonly operations?: readonly string[];
  readonly json?: string;
  /** How often a busy service is asked again, where that is not the client's own number. */
  readonly retries?: number;
  /** The result cannot be shown again: without a reader for it nothing is done. */
  readonly isShownOnce?: boolean;
  /** What its exit codes mean, where that is not plain. */
  readonly exits?: string;
}

export interface CommonOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly timeout?: number;
}

/** What a command works with. */
export interface Work<Options> {
  readonly around: Surroundings;
  readonly options: Options & CommonOptions;
}

/** The same of one that calls the service. */
export interface Call<Options> extends Work<Options> {
  readonly api: Client;
}

const OUTPUT: readonly OptionRow[] = [
  ['--json', 'print JSON'],
  ['-q, --quiet', 'print nothing but errors; the exit code says it'],
];
export const TOKEN_STDIN: OptionRow = ['--token-stdin', 'read the token from standard input'];
export const TIMEOUT: OptionRow = [
  '--timeout <span>',
  'wait so long for an answer: 45s, 2min (default: 60s)',
  duration,
];
export const CONNECTION: readonly OptionRow[] = [
  ['--url <address>', 'the service (LICENTIA_URL; else that of the profile, else http://localhost:3000)'],
  ['--profile <name>', 'the profile of "licentia login" (LICENTIA_PROFILE; else "default")'],
  TOKEN_STDIN,
  TIMEOUT,
];

/** A command with its manual. Commander parses, checks and helps; this adds what all of ours have in common. */
export class LicentiaCommand extends Command {
  manual: Manual | undefined;

  constructor(
    name: string | undefined,
    readonly around: Surroundings,
    private readonly ended: (code: ExitCode) => void,
  ) {
    super(name);
  }

  override createCommand(name?: string): LicentiaCommand {
    return new LicentiaCommand(name, this.around, this.ended);
  }

  /** A command that has commands. */
  group(name: string, summary: string): LicentiaCommand {
    const group = this.command(name).description(summary).helpCommand(false);
    return group.addHelpText('after', () => examplesIn(group.commands as LicentiaCommand[]));
  }

  /** A command that calls the service. */
  calls<Options extends object>(
    signature: string,
    manual: Manual,
    run: (call: Call<Options>, ...args: string[]) => Promise<Report>,
  ): this {
    this.leaf<Options>(signature, manual, CONNECTION, async (work, ...args) => {
      const { around, options } = work;
      const patience = new Patience(() => {
        if (around.isTerminal.stderr && !options.quiet) around.say('Waiting for the service …\n');
      });
      const api = createClient({
        ...(await findConnection(around, options)),
        retries: manual.retries,
        timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1_000,
        fetch: (request) => patience.during(request),
      });
      try {
        return await run({ ...work, api }, ...args);
      } catch (error) {
        throw await withAddressDoubted(error, api);
      } finally {
        patience.end();
      }
    });
    return this;
  }

  /** A command that does without a service. */
  does<Options extends object>(
    signature: string,
    manual: Manual,
    run: (work: Work<Options>, ...args: string[]) => Promise<Report>,
  ): this {
    this.leaf<Options>(signature, manual, [], run);
    return this;
  }

  private leaf<Options extends object>(
    signature: string,
    manual: Manual,
    more: readonly OptionRow[],
    run: (work: Work<Options>, ...args: string[]) => Promise<Report>,
  ): void {
    const command = this.command(signature).documented(manual);
    for (const [flags, description, parse] of [...OUTPUT, ...more]) {
      if (parse === undefined) command.option(flags, description);
      else command.option(flags, description, parse);
    }
    command.action(async () => {
      const options = command.opts<Options & CommonOptions>();
      this.ended(
        await command.perform(options, async () => {
          if (options.tokenStdin && command.args.includes('-')) throw twoReaders();
          return run({ around: this.around, options }, ...command.args);
        }),
      );
    });
  }

  documented(manual: Manual): this {
    this.manual = manual;
    this.description(manual.summary);
    if (manual.choices !== undefined) this.registeredArguments[0]?.choices(manual.choices);
    for (const [flags, description, parse] of manual.options ?? []) {
      if (parse === undefined) this.option(flags, description);
      else this.option(flags, description, parse);
    }
    const examples = manual.examples.map((line) => `  ${line}\n`).join('');
    const exits = manual.exits === undefined ? '' : `\nExit code: ${manual.exits}\n`;
    return this.addHelpText('after', `\nExamples:\n${examples}${exits}`);
  }

  /** Prints what came of it. */
  private async perform(
    { json = false, quiet = false }: CommonOptions,
    run: () => Promise<Report>,
  ): Promise<ExitCode> {
    const { around } = this;
    try {
      if (this.manual?.isShownOnce === true) assertReadable(around, quiet);
      const report = await run();
      const format = {
        json,
        isTerminal: around.isTerminal.stdout,
        hasColor: hasColor(around),
        columns: around.columns ?? USUAL_COLUMNS,
        hasUnicode: hasUnicode(around),
      };
      if (!quiet) await around.write(render(report, format));
      if (!quiet && !json && report.note !== undefined) around.say(`${report.note}\n`);
      return report.exitCode ?? ExitCode.Done;
    } catch (error) {
      const failure = asCommandError(error);
      around.say(describe(failure, json));
      return failure.exitCode;
    }
  }
}

/** The first example of each command of a group. */
function examplesIn(commands: readonly LicentiaCommand[]): string {
  const lines = commands.flatMap(({ manual }) => manual?.examples.slice(0, 1) ?? []);
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** The value of a call. @throws CallFailedError */
export async function valueOf<T>(call: Promise<Outcome<T>>): Promise<T> {
  const outcome = await call;
  if (!outcome.ok) throw new CallFailedError(outcome.failure);
  return outcome.value;
}

/** A 404 says that there is no such thing, unless the address is wrong: then nothing of the API is there. */
async function withAddressDoubted(error: unknown, api: Client): Promise<unknown> {
  if (!(error instanceof CallFailedError) || error.failure.code !== 'not-found') return error;
  const outcome = await api.GET('/api/licensing/check');
  if (outcome.ok || !['not-found', 'client.bad-answer'].includes(outcome.failure.code)) return error;
  return new CallFailedError({
    ...error.failure,
    code: 'client.bad-answer',
    message: 'The answer is HTTP 404: the API of the service is not at this address.',
  });
}

/** @throws CommandError where nobody would read the result */
function assertReadable({ isOutputClosed }: Surroundings, quiet: boolean): void {
  if (!quiet && !isOutputClosed) return;
  throw new CommandError(
    ExitCode.Usage,
    `${quiet ? '--quiet prints no result' : 'Standard output is closed'}: nothing was done, as the result is shown once.`,
    'Send standard output to a file.',
  );
}

function twoReaders(): CommandError {
  return new CommandError(
    ExitCode.Usage,
    'Standard input has either the token or what "-" reads.',
    'Name a file in the place of "-", or use LICENTIA_TOKEN_FILE.',
  );
}

export function describe({ message, next, details }: CommandError, json = false): string {
  if (json) return `${JSON.stringify({ error: details })}\n`;
  return `licentia: ${message}\n${next === undefined ? '' : `Next: ${next}\n`}`;
}

/** @throws what is a fault of this program */
function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  // The client refuses an address or a token; files and directories refuse to be read or written.
  if (error instanceof TypeError && error.cause === undefined)
    return new CommandError(ExitCode.Usage, error.message);
  if (error instanceof Error && 'syscall' in error) return new CommandError(ExitCode.Unknown, error.message);
  throw error;
}
