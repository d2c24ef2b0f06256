import { createServer } from 'node:net';

/**
 * Another process listens where one of ours is to. The message is a whole sentence that says which setting
 * moves it.
 */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/**
 * Whether another process listens at this address now. Everything else that may be wrong with it shows when
 * we listen.
 */
export async function isPortTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(false)));
  });
}
