import { CommanderError } from 'commander';
import { COMMIT, VERSION } from '../config/build-info.js';
import { addAccessCommands } from './access-commands.js';
import { addAuditCommands } from './audit-commands.js';
import { addCompletionCommand } from './completion-command.js';
import { ExitCode } from './exit-code.js';
import { addIssuerCommand } from './issuer-command.js';
import { addLicenseCommands } from './license-commands.js';
import { LicentiaCommand } from './licentia-command.js';
import { addLoginCommands } from './login-commands.js';
import { addRenewalCommands } from './renewal-commands.js';
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

/** Runs the command of a command line. @returns how the process ends */
export async function runCommandLine(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.Done;
  let help = '';
  const program = createProgram(
    around,
    (code) => {
      exitCode = code;
    },
    (text) => {
      help += text;
    },
  );
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    await around.write(help);
    return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage;
  }
}

/**
 * All commands with their manuals.
 * @param ended - called with what a command ends with
 * @param helped - called with each part of a help or version that is to be printed
 */
export function createProgram(
  around: Surroundings,
  ended: (code: ExitCode) => void,
  helped: (text: string) => void = () => undefined,
): LicentiaCommand {
  const program = new LicentiaCommand('licentia', around, ended)
    .description('Holds, checks and renews the license of a self-hosted product.')
    .version(`${VERSION} (${COMMIT})`, '--version', 'print the version and the commit')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('Next: look at --help.')
    .configureHelp({
      subcommandTerm: (command) =>
        `${command.name()} ${command.usage().replace(/^\[options\] ?/, '')}`.trim(),
    })
    .configureOutput({
      writeOut: helped,
      writeErr: around.say,
      outputError: (text, write) => write(`licentia: ${text.replace(/^error: /, '')}`),
    });
  addLicenseCommands(program.commandsGroup('License:'));
  addRenewalCommands(program);
  addVerifyCommand(program);
  addUsageCommands(program.commandsGroup('Usage, access and audit:'));
  addAccessCommands(program);
  addAuditCommands(program);
  addServiceCommands(program.commandsGroup('Service:'));
  addPasswordCommand(program);
  addIssuerCommand(program.commandsGroup('Vendor:'));
  addLoginCommands(program.commandsGroup('Profiles:'));
  addCompletionCommand(program.commandsGroup('Shell:'));
  return program;
}
