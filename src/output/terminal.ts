import { closeSync, constants, openSync } from 'node:fs';

/** Whether a terminal controls this process: one that was closed does not any more. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}
