import { hasTerminal } from './output/terminal.js';

/**
 * The SIGHUPs of the process. An entry point imports this module alone and then, dynamically, the program: loading all
 * of its modules takes up to seconds, in which SIGHUP would end the process.
 */
class Hangups {
  /** Whether a terminal controlled the process at its start. */
  readonly hadTerminal = hasTerminal();
  readonly #hold = () => void (this.#came = true);
  #came = false;

  constructor() {
    process.on('SIGHUP', this.#hold);
  }

  /** Hands each to `listener` from now on; also one that came before. */
  follow(listener: () => void): void {
    process.on('SIGHUP', listener);
    process.removeListener('SIGHUP', this.#hold);
    if (this.#came) listener();
  }

  /** Lets SIGHUP end the process, as a command does; also where it came before. */
  letGo(): void {
    process.removeListener('SIGHUP', this.#hold);
    if (this.#came) process.kill(process.pid, 'SIGHUP');
  }
}

export const hangups = new Hangups();
