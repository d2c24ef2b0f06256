import { constants } from 'node:os';
import { exit } from './end-process.js';
import { hangups } from './hangups.js';

/** The first process of a container: Linux ignores signals to it that it has no handler for. */
const FIRST = 1;
const LAST_WORDS_MS = 500;
let isFollowed = false;

/**
 * Lets signals end a command, as they do by default: then also where a call blocks the process. As the first process of
 * a container it ends by itself, with the code that a shell gives for the signal.
 */
export function endAtSignals(): void {
  hangups.letGo();
  if (process.pid !== FIRST || isFollowed) return;
  isFollowed = true;
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const)
    process.once(
      signal,
      () => void exit(128 + constants.signals[signal], performance.now() + LAST_WORDS_MS, true),
    );
}
