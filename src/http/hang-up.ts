import type { Socket } from 'node:net';

/** What Node has on the sockets of its HTTP server. It is not documented. */
interface Parsed {
  readonly parser?: { onIncoming?: unknown } | null;
}

/** To Node's parser: the connection is of another protocol from here on, and the rest is not its own. */
const UPGRADE = 2;

/**
 * Ends a connection whose client asked for too much, and lets the parser leave the rest of what has arrived. Node would
 * make a request of each in up to 64 KiB, thousands of them, although the connection is destroyed. Where a release of
 * Node has no such parser, it does that.
 */
export function hangUp(socket: Socket): void {
  const { parser } = socket as Parsed;
  if (typeof parser?.onIncoming === 'function') parser.onIncoming = () => UPGRADE;
  socket.destroy();
}
