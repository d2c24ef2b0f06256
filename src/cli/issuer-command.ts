import { ExitCode } from './exit-code.js';
import type { LicentiaCommand } from './licentia-command.js';

/** The issuer and its commands, on its database. It reads its own command line. */
export function addIssuerCommand(program: LicentiaCommand): void {
  program
    .command('issuer [command...]')
    .documented({
      summary:
        'run the issuer, or issue, list, show, suspend, resume, revoke and prolong licenses on its database',
      examples: [
        'licentia issuer --help',
        'licentia issuer serve',
        'licentia issuer issue --sub https://product.example.com/ --company Example > license.jwt',
        'licentia issuer list',
        'licentia issuer suspend <license>',
      ],
      exits: '0 done, 1 if that failed or was refused, 64 for a wrong command line.',
    })
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action(async (args: string[]) => {
      await import('../hangups.js');
      const { runIssuerProgram } = await import('../issuer-server/issuer-program.js');
      await runIssuerProgram(args, { command: 'licentia issuer', usageCode: ExitCode.Usage });
    });
}
