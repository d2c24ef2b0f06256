import { CommandError } from './command-error.js';
import { completionOf, SHELLS } from './completion.js';
import { ExitCode } from './exit-code.js';
import type { LicentiaCommand } from './licentia-command.js';

/** What a shell reads to complete commands and options. */
export function addCompletionCommand(program: LicentiaCommand): void {
  program.does(
    'completion <shell>',
    {
      summary: 'print a script that completes commands, options and profiles: for bash, zsh or fish',
      choices: SHELLS,
      examples: [
        'source <(licentia completion bash)',
        'licentia completion bash > ~/.local/share/bash-completion/completions/licentia',
        'source <(licentia completion zsh)',
        'licentia completion fish > ~/.config/fish/completions/licentia.fish',
      ],
      json: 'the script as a JSON text',
    },
    async (_work, name) => {
      const shell = SHELLS.find((one) => one === name);
      if (shell === undefined)
        throw new CommandError(
          ExitCode.Usage,
          `There is no completion for ${name}: name ${SHELLS.join(', ')}.`,
        );
      const text = completionOf(program, shell);
      return { json: text, sections: [{ text, rows: [] }] };
    },
  );
}
