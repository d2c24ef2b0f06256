import { ExitCode } from '../exit-code.js';
import type { LicentiaCommand } from '../licentia-command.js';
import { addIssuedLicenseCommands } from './issued-license-commands.js';
import { addKeyCommands } from './key-commands.js';

/** The issuer: how it runs, and what a vendor does with it. */
export function addIssuerCommands(program: LicentiaCommand): void {
  const issuer = program.group('issuer', 'run an issuer, and issue and administer licenses');
  issuer
    .command('serve')
    .documented({
      summary: 'run the issuer, until SIGTERM or SIGINT',
      options: [
        ['--check-config', 'say what is wrong with the environment, and end'],
        ['--migrate', 'bring the tables of the database up to date, and end'],
        ['--export <file>', 'write the database, with the signing keys, into a new file, and end'],
        ['--import <file>', 'put such a file into an empty database, and end'],
      ],
      examples: [
        'licentia issuer serve',
        'ISSUER_ADMIN_TOKEN_FILE=/run/secrets/issuer-admin DATABASE_URL=postgres://… licentia issuer serve',
      ],
      exits:
        '0 after a signal or done, 1 if it cannot start, 3 if the environment can be used and a name looks misspelled.',
    })
    .action(async (options: Readonly<Record<string, string | true>>) => {
      const args = Object.entries(options).flatMap(([name, value]) => [
        `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        ...(value === true ? [] : [value]),
      ]);
      await runIssuer(['serve', ...args]);
    });
  addIssuedLicenseCommands(issuer);
  addKeyCommands(issuer);
  issuer.does(
    'change-issuer-id',
    {
      summary: 'make the database that of ISSUER_ID, which must be set; instances need new tokens',
      examples: ['ISSUER_ID=https://licenses.example.com licentia issuer change-issuer-id'],
      json: '`{ "before", "now" }`',
      exits:
        '0 done or nothing to change, 2 if that failed, 64 if ISSUER_ID is not set or empty. It works on the database, and not over HTTP.',
    },
    async ({ around, options: { quiet = false } }) => {
      const { changeLocalIssuerId } = await import('./local-issuer.js');
      const changed = await changeLocalIssuerId(around, quiet);
      return {
        json: changed,
        sections: [{ rows: Object.entries(changed) }],
        note:
          changed.before === changed.now
            ? 'Nothing to change.'
            : 'Changed. Restart the issuer. Instances need this ISSUER_ID, and what "licentia issuer token <license>" prints.',
      };
    },
  );
}

async function runIssuer(args: readonly string[]): Promise<void> {
  await import('../../hangups.js');
  const { runIssuerProgram } = await import('../../issuer-server/issuer-program.js');
  await runIssuerProgram(args, { command: 'licentia issuer', usageCode: ExitCode.Usage });
}
