import { readFileSync } from 'node:fs';

/** What is open besides connections: the database, its files where it is embedded, the issuer, the log. */
const OTHERS = 256;
/** The least that MAX_CONNECTIONS can be. */
const LEAST_CONNECTIONS = 10;
const RAISE = 'raise the limit (ulimit -n, LimitNOFILE of systemd, --ulimit nofile of a container)';

/**
 * How many files and sockets a process may have open, by Linux's `/proc/<id>/limits`.
 * @returns undefined where it is not said, or there is no limit
 */
export function maxOpenFiles(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

/**
 * How many connections can be open beside everything else. With more than that, a database or a file could not be
 * opened, and the system would hang up on new connections instead of the oldest stranger.
 * @param maxConnections - as it was set
 */
export function connectionsThatFit(maxConnections: number, limits = ownLimits()): number {
  const most = maxOpenFiles(limits) ?? Infinity;
  return Math.min(maxConnections, Math.max(LEAST_CONNECTIONS, most - OTHERS));
}

/**
 * Whether there can be as many connections as there may be.
 * @param remedy - what else helps, where the number is a setting
 * @returns a warning, or undefined where all is well or the system does not say
 */
export function openFilesWarning(
  maxConnections: number,
  limits = ownLimits(),
  remedy = ' or lower MAX_CONNECTIONS',
): string | undefined {
  const most = maxOpenFiles(limits);
  const needed = maxConnections + OTHERS;
  if (most === undefined || most >= needed) return undefined;
  return (
    `this process may have ${most} files and sockets open, enough for ${connectionsThatFit(maxConnections, limits)} ` +
    `connections, and ${maxConnections} connections need ${needed}: ${RAISE}${remedy}`
  );
}

/**
 * Why an embedded database is not opened: Postgres, once it is short of files in its first migration, leaves one behind
 * that the next try finds in its way.
 * @returns a sentence, or undefined where there are enough or the system does not say
 */
export function tooFewForEmbedded(limits = ownLimits()): string | undefined {
  const most = maxOpenFiles(limits);
  if (most === undefined || most >= OTHERS) return undefined;
  return `This process may have ${most} files and sockets open, and an embedded database needs ${OTHERS}: ${RAISE}.`;
}

export function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Not Linux.
    return '';
  }
}
