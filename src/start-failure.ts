import { ConfigError } from './config/environment.js';
import { UnusableDatabaseError } from './database/database-inspection.js';
import {
  EmbeddedDirectoryError,
  EmbeddedDirectoryLostError,
  UnfinishedCheckpointError,
} from './database/embedded/embedded-directory-error.js';
import { EmbeddedDirectoryInUseError } from './database/embedded/directory-lock.js';
import { StaleIdentityError } from './database/identities.js';
import { MigrationFailedError, MigrationTableError, PendingMigrationsError } from './database/migrate.js';
import { PermanentFaultError } from './database/permanent-fault.js';
import { TransferError } from './database/export-file.js';
import { explainUnavailable } from './database/explain-unavailable.js';
import { ServiceError } from './domain/service-error.js';
import { end } from './end-process.js';
import { PortTakenError } from './http/port-taken.js';

const PLAIN = [
  ConfigError,
  EmbeddedDirectoryError,
  EmbeddedDirectoryInUseError,
  EmbeddedDirectoryLostError,
  MigrationFailedError,
  MigrationTableError,
  PendingMigrationsError,
  PermanentFaultError,
  PortTakenError,
  StaleIdentityError,
  TransferError,
  UnfinishedCheckpointError,
  UnusableDatabaseError,
];

/** Ends the process with 1, and says why: in a sentence where an operator can do something about it. */
export async function fail(error: unknown): Promise<never> {
  return end(1, { message: `${explainFailure(error)}\n` });
}

/** Why a program could not start: a sentence where an operator can do something about it, else the stack. */
export function explainFailure(error: unknown): string {
  return sentence(error) ?? String((error as Error)?.stack ?? error);
}

/** Whether no retry fixes this error: a start ends with it, and its message says what an operator has to do. */
export function isFinal(error: unknown): boolean {
  return PLAIN.some((type) => error instanceof type);
}

function sentence(error: unknown): string | undefined {
  if (isFinal(error)) return (error as Error).message;
  if (error instanceof ServiceError && error.code === 'database.unavailable') {
    return explainUnavailable(error);
  }
  if (error instanceof ServiceError && error.cause instanceof Error)
    return `${error.message} (${error.cause.message})`;
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  // Those of files have the same codes.
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${address} is in use already: stop what listens there, or set PORT to another one.`;
    case 'EACCES':
    case 'EADDRNOTAVAIL':
      return `Cannot listen on port ${port} of ${address}: ${(error as Error).message}.`;
    case 'ENOTFOUND':
      return `Cannot listen: ${(error as Error).message}. HOST must be an address or a name of this machine.`;
    default:
      return undefined;
  }
}
