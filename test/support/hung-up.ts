import type { Socket } from 'node:net';

/**
 * Resolves when the other side has hung up, by FIN or by RST: a client that is still writing then gets a reset, which
 * is an end like any other. (`once` of node:events would reject.)
 */
export async function hungUp(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
