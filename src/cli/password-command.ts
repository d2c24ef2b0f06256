import { ADMINISTRATOR_NAME, PASSWORD_LENGTH } from '../config/administrators-setting.js';
import { hashPassword } from '../domain/password-hash.js';
import { CommandError } from './command-error.js';
import { askSecret, readInput } from './dialog.js';
import { ExitCode } from './exit-code.js';
import type { LicentiaCommand } from './licentia-command.js';
import type { Surroundings } from './surroundings.js';

/** What an operator writes into the file of ADMINISTRATORS_FILE. */
export function addPasswordCommand(program: LicentiaCommand): void {
  program.does(
    'hash-password <name>',
    {
      summary:
        "make an administrator's line for ADMINISTRATORS_FILE; asks for the password, or reads it from standard input",
      examples: [
        'licentia hash-password ada >> administrators',
        'licentia hash-password ada < password.txt >> administrators',
      ],
      json: '`{ "line" }`',
      isShownOnce: true,
      exits: '0 done, 64 for a name or a password that cannot be used.',
    },
    async ({ around }, name = '') => {
      if (!ADMINISTRATOR_NAME.test(name) || name.trim() !== name)
        throw refusal('The name must have 1 to 190 characters, no colon and no blanks around it.');
      const line = `${name}:${await hashPassword(await readPassword(around))}`;
      return { json: { line }, sections: [{ rows: [], text: line }] };
    },
  );
}

async function readPassword(around: Surroundings): Promise<string> {
  const isAsked = around.isTerminal.stdin;
  const password = isAsked
    ? await askSecret(around, 'Password (it is not shown): ')
    : (await readInput(around)).replace(/\r?\n$/, '');
  const { min, max } = PASSWORD_LENGTH;
  if (password.length < min || password.length > max)
    throw refusal(`The password must have ${min} to ${max} characters.`);
  if (/\p{Cc}/u.test(password))
    throw refusal('The password must not have control characters or several lines.');
  if (isAsked && (await askSecret(around, 'The same again: ')) !== password)
    throw refusal('The two passwords differ.');
  return password;
}

function refusal(reason: string): CommandError {
  return new CommandError(ExitCode.Usage, reason, 'Try "licentia hash-password --help".');
}
