import type { ServiceError } from '../domain/service-error.js';
import { PermanentFaultError } from './permanent-fault.js';

/** Why the database was not available, as a sentence for operators. @param error - `database.unavailable` */
export function explainUnavailable({ cause }: ServiceError): string {
  if (cause instanceof PermanentFaultError) return cause.message;
  return `The database that DATABASE_URL names is not available: ${reasonOf(cause)}`;
}

/** What Node's TLS says of a certificate that it does not trust. */
const UNTRUSTED = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
];

/** What an operator can do about an error of TLS. */
function remedyOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && UNTRUSTED.includes(code)) {
    return '. Name the authority of its certificate in DATABASE_CA_PATH (docs/database.md)';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return '. Name the server in DATABASE_URL as its certificate does, or take sslmode=verify-ca (docs/database.md)';
  }
  return '';
}

/** An address with several IP addresses fails with one error for each, and no message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error
    ? `${cause.message.replace(/\.$/, '')}${remedyOf(cause)}`
    : 'no reason is known';
}
