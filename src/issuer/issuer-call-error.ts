import { type ErrorCode, ServiceError, type ServiceErrorOptions } from '../domain/service-error.js';

/** What was at fault when a call to the issuer came to nothing, for operators: where to look first. */
export const FAILURE_CLASSES = [
  'dns',
  'connect',
  'tls',
  'proxy',
  'timeout',
  'refused',
  'bad-answer',
  'bad-signature',
  'clock',
  'paused',
  'configuration',
] as const;

export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** A call to the issuer that came to nothing; `failureClass` says why, in one of a few words. */
export class IssuerCallError extends ServiceError {
  override readonly name: string = 'IssuerCallError';

  constructor(
    code: ErrorCode,
    readonly failureClass: FailureClass,
    message?: string,
    options?: ServiceErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** An answer that cannot be used; `cause` says why, to the log. */
export function badResponse(cause: unknown, failureClass: FailureClass = 'bad-answer'): IssuerCallError {
  return new IssuerCallError('issuer.bad-response', failureClass, undefined, { cause });
}

/** What is at fault when a token or a statement of the issuer is refused, where it is not just a bad answer. */
const REFUSALS: Partial<Record<ErrorCode, FailureClass>> = {
  'license.untrusted': 'bad-signature',
  'license.not-active': 'clock',
  'license.expired': 'clock',
};

/** The class of a refusal of what the issuer signed, by the rule that it broke. */
export function classOfRefusal(error: unknown): FailureClass {
  return (error instanceof ServiceError ? REFUSALS[error.code] : undefined) ?? 'bad-answer';
}

/** The class of a failure of Node's sockets, resolvers and TLS, by its error's code. */
export function classOfNetworkError(code: string | undefined): FailureClass {
  if (code === undefined) return 'connect';
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'].includes(code)) return 'dns';
  if (
    /^(TLS_|CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/.test(
      code,
    )
  ) {
    return 'tls';
  }
  if (code.startsWith('PROXY_')) return 'proxy';
  if (code === 'CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || code === 'ECONNABORTED') return 'timeout';
  return 'connect';
}
