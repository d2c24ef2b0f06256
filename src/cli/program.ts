import { CommanderError } from 'commander';
import { COMMIT, VERSION } from '../config/build-info.js';
import { addAccessCommands } from './access-commands.js';
import { addAuditCommands } from './audit-commands.js';
import { CommandError } from './command-error.js';
import { addCompletionCommand } from './completion-command.js';
import { ExitCode } from './exit-code.js';
import { addIssuerCommands } from './issuer/issuer-commands.js';
import { addLicenseCommands } from './license-commands.js';
import { describe, LicentiaCommand } from './licentia-command.js';
import { addLoginCommands } from './login-commands.js';
import { addRenewalCommands } from './renewal-commands.js';
import { addSessionCommands } from './session-commands.js';
import { addServiceCommands } from './service-commands.js';
import { addPasswordCommand } from './password-command.js';
import type { Surroundings } from './surroundings.js';
import { addUsageCommands } from './usage-commands.js';
import { addVerifyCommand } from './verify-command.js';

const EXAMPLES = `
Examples:
  licentia doctor
  licentia login --url https://licenses.example.com
  licentia install license.jwt
  licentia explain
  licentia timeline
  licentia <command> --help
`;

/**
 * Runs the command of a command line.
 * @returns how the process ends; undefined for a program that goes on, and ends by itself
 */
export async function runCommandLine(
  args: readonly string[],
  around: Surroundings,
): Promise<ExitCode | undefined> {
  let exitCode: ExitCode | undefined;
  let help = '';
  let refusal = '';
  const program = createProgram(
    around,
    (code) => {
      exitCode = code;
    },
    {
      helped: (text) => {
        help += text;
      },
      refused: (text) => {
        refusal += text;
      },
    },
  );
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    await around.write(help);
    if (error.exitCode === 0) return ExitCode.Done;
    around.say(args.includes('--json') ? describe(wrongUsage(error), true) : refusal);
    return ExitCode.Usage;
  }
}

/** What commander refuses, for a script. A group without a command is refused with its help. */
function wrongUsage({ code, message }: CommanderError): CommandError {
  const what = code === 'commander.help' ? 'Which command?' : message.replace(/^error: /, '');
  return new CommandError(ExitCode.Usage, what, 'Look at --help.');
}

/** Where commander writes: a help or version that was asked for, and what it refuses. */
interface Said {
  readonly helped: (text: string) => void;
  readonly refused: (text: string) => void;
}

/** Lets signals end every command but `serve`, whose program ends at them by itself. */
async function followSignals(_: unknown, command: { name(): string }): Promise<void> {
  if (command.name() === 'serve') return;
  const { endAtSignals } = await import('../command-signals.js');
  endAtSignals();
}

/**
 * All commands with their manuals.
 * @param ended - called with what a command ends with
 */
export function createProgram(
  around: Surroundings,
  ended: (code: ExitCode) => void,
  { helped, refused }: Said = { helped: () => undefined, refused: () => undefined },
): LicentiaCommand {
  const program = new LicentiaCommand('licentia', around, ended)
    .description('Holds, checks and renews the license of a self-hosted product.')
    .version(`${VERSION} (${COMMIT})`, '--version', 'print the version and the commit')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .hook('preAction', followSignals)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('Next: look at --help.')
    .configureHelp({
      subcommandTerm: (command) =>
        `${command.name()} ${command.usage().replace(/^\[options\] ?/, '')}`.trim(),
    })
    .configureOutput({
      writeOut: helped,
      writeErr: refused,
      outputError: (text, write) => write(`licentia: ${text.replace(/^error: /, '')}`),
    });
  addLicenseCommands(program.commandsGroup('License:'));
  addRenewalCommands(program);
  addVerifyCommand(program);
  addUsageCommands(program.commandsGroup('Usage, access and audit:'));
  addAccessCommands(program);
  addSessionCommands(program);
  addAuditCommands(program);
  addServiceCommands(program.commandsGroup('Service:'));
  addPasswordCommand(program);
  addIssuerCommands(program.commandsGroup('Vendor:'));
  addLoginCommands(program.commandsGroup('Profiles:'));
  addCompletionCommand(program.commandsGroup('Shell:'));
  return program;
}
