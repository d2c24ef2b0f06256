import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import type { Surroundings } from './surroundings.js';

/** More than any token or license, characters. */
const MAX_INPUT = 64 * 1024;

/** Asks before something is destroyed. @throws CommandError where the answer is no, and without a terminal */
export async function confirm(around: Surroundings, question: string, isConfirmed: boolean): Promise<void> {
  if (isConfirmed) return;
  if (!around.isTerminal.stdin || !around.isTerminal.stderr) {
    throw new CommandError(
      ExitCode.Usage,
      `${question} Nobody can be asked here: there is no terminal.`,
      'Repeat it with --yes if that is what you want.',
    );
  }
  const reader = createInterface({ input: around.stdin, output: process.stderr });
  try {
    const answer = await answerTo(around, reader, `${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(ExitCode.No, 'Nothing was done.');
  } finally {
    reader.close();
  }
}

/** Reads a line that the terminal does not show, blanks included. @throws CommandError without a terminal */
export async function askSecret(around: Surroundings, prompt: string): Promise<string> {
  if (!around.isTerminal.stdin) {
    throw new CommandError(
      ExitCode.Usage,
      'There is no terminal to type the token in.',
      'Send it on standard input: "licentia login --token-stdin < file".',
    );
  }
  around.say(prompt);
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: around.stdin, output: mute, terminal: true });
  try {
    const answer = await answerTo(around, reader, '');
    around.say('\n');
    return answer;
  } finally {
    reader.close();
  }
}

/** @throws CommandError at Ctrl+C and Ctrl+D */
async function answerTo(around: Surroundings, reader: Interface, question: string): Promise<string> {
  // Node aborts the question at the one, and lets it wait on at the other.
  const closed = once(reader, 'close').then(() => undefined);
  const asked = reader.question(question).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
    return undefined;
  });
  const answer = await Promise.race([asked, closed]);
  if (answer !== undefined) return answer;
  reader.close();
  // The question stands on this line.
  around.say('\n');
  throw new CommandError(ExitCode.No, 'Nothing was done.');
}

/** Everything on standard input. @throws CommandError where it is more than any license or token */
export async function readInput({ stdin }: Pick<Surroundings, 'stdin'>): Promise<string> {
  stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > MAX_INPUT)
      throw new CommandError(ExitCode.Usage, 'Standard input is no token: it is too long.');
  }
  return text;
}
