import type { ServiceError } from '../domain/service-error.js';
import { PermanentFaultError } from './permanent-fault.js';

/** Why the database was not available, as a sentence for operators. @param error - `database.unavailable` */
export function explainUnavailable({ cause }: ServiceError): string {
  if (cause instanceof PermanentFaultError) return cause.message;
  return `The database that DATABASE_URL names is not available: ${reasonOf(cause)}`;
}

/** An address with several IP addresses fails with one error for each, and no message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : 'no reason is known';
}
