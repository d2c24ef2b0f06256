import type { EntityManager } from 'typeorm';

/**
 * Asks a database server what time it is, Unix milliseconds. Tests with a clock of their own have a server
 * time of their own.
 */
export type ServerTime = (manager: EntityManager) => Promise<number>;

/** Injection token of the {@link ServerTime}. */
export const SERVER_TIME = Symbol('ServerTime');

/** By the server's clock itself. The embedded database has none of its own: it shows ours. */
export const askServer: ServerTime = async (manager) => {
  const [row] = await manager.query<{ now: string }[]>(
    'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now',
  );
  return Number(row?.now);
};
