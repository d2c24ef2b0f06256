/**
 * Every failure that the service can answer with: its HTTP status and its public sentence.
 *
 * The union is closed: a code that is not here does not compile, and `docs/errors.md` lists exactly these
 * (contract section 5). A message here is what a caller reads unless the thrower says something more precise.
 */
export const ERROR_CATALOGUE = {
  'auth.unauthorized': { status: 401, message: 'Unauthorized' },
  'api-key.invalid': { status: 401, message: 'Invalid API key' },
  'api-key.expired': { status: 401, message: 'Expired API key' },
  'api-key.revoked': { status: 401, message: 'Revoked API key' },
  'identity.disabled': { status: 401, message: 'Unauthorized' },
  'password-auth.failed': { status: 401, message: 'Invalid username or password' },
  'session.ended': { status: 401, message: 'The session has ended: sign in again.' },
  'session.link-invalid': { status: 401, message: 'The sign-in link was used already, or has expired.' },
  'access.denied': { status: 403, message: "You'll need additional permissions to perform this action." },
  'bad-request': { status: 400, message: 'Bad request data' },
  'session.insecure': {
    status: 400,
    message: 'Over plain HTTP there are sessions on localhost alone.',
  },
  'session.foreign-origin': {
    status: 400,
    message: 'Only the page of this service signs in here; this call comes from elsewhere.',
  },
  'license.invalid': { status: 400, message: 'The license token is not valid.' },
  'license.untrusted': { status: 400, message: 'The license token is not signed by the issuer.' },
  'license.not-active': { status: 400, message: 'The license is not active yet.' },
  'license.subject-mismatch': { status: 400, message: 'The license is for another root URL.' },
  'license.expired': { status: 400, message: 'The license has expired.' },
  'license.stale': { status: 409, message: 'A newer token of this license is already stored.' },
  'license.acknowledge-required': {
    status: 409,
    message: 'The license takes something away: it needs "acknowledge": true.',
  },
  'license.changed': {
    status: 409,
    message: 'The license was removed or replaced while it was being renewed.',
  },
  'access.last-administrator': {
    status: 409,
    message: 'This would leave nobody who can manage access.',
  },
  'service-account.name-taken': { status: 409, message: 'A service account of this name exists already.' },
  'service-account.token-name-taken': {
    status: 409,
    message: 'The service account has a token of this name already.',
  },
  'role.name-taken': { status: 409, message: 'A role of this name exists already.' },
  'role.uid-taken': { status: 409, message: 'A role of this uid exists already.' },
  'role.version-conflict': { status: 409, message: 'The role was changed since you read it.' },
  'role.in-use': { status: 409, message: 'Service accounts have this role.' },
  'role.limit-reached': {
    status: 409,
    message: 'There are as many custom roles as MAX_CUSTOM_ROLES allows.',
  },
  'provisioning.faulty': {
    status: 422,
    message: 'The provisioning files have faults: nothing was changed.',
  },
  'service-account.limit-reached': {
    status: 409,
    message: 'There are as many service accounts as MAX_SERVICE_ACCOUNTS allows.',
  },
  'service-account.token-limit-reached': {
    status: 409,
    message: 'The service account has as many tokens as MAX_TOKENS_PER_ACCOUNT allows.',
  },
  'license.not-found': { status: 404, message: 'There is no license to renew.' },
  'instance.mismatch': { status: 422, message: 'The instance is not the root URL of this service.' },
  'issuer.refused': { status: 502, message: 'The license issuer refused the renewal.' },
  'issuer.bad-response': { status: 502, message: "The license issuer's answer cannot be used." },
  'issuer.unavailable': { status: 503, message: 'The license issuer is not available.' },
  'issuer.timeout': { status: 504, message: 'The license issuer did not answer in time.' },
  'database.unavailable': { status: 503, message: 'The database is not available.' },
  'request.overdue': { status: 503, message: 'The request took too long.' },
  'request.too-large': { status: 413, message: 'The request body is too large.' },
  'api-keys.gone': {
    status: 410,
    message: 'Gone: use POST /api/serviceaccounts, then POST /api/serviceaccounts/{id}/tokens.',
  },
  'not-found': { status: 404, message: 'Not found' },
  'method-not-allowed': { status: 405, message: 'Method not allowed' },
  'too-many-requests': { status: 429, message: 'Too many requests' },
  'internal-error': { status: 500, message: 'Internal server error' },
} as const satisfies Record<string, { status: number; message: string }>;

/** A code of the catalogue: the `messageId` of the answer. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface ServiceErrorOptions {
  /** What went wrong inside; it reaches the log, never the caller. */
  cause?: unknown;
  /** Seconds after which another try makes sense; becomes `Retry-After`. */
  retryAfter?: number;
  /** A further sentence for the caller, in the answer's `error` member. */
  detail?: string;
  /** Further members of the answer, for who decides by them. */
  members?: Readonly<Record<string, unknown>>;
}

/**
 * A failure with a code of {@link ERROR_CATALOGUE}. A handler compares `code`, never the message.
 * `message`, `detail` and `members` are public; `cause` is not.
 */
export class ServiceError extends Error {
  override readonly name: string = 'ServiceError';
  readonly retryAfter: number | undefined;
  readonly detail: string | undefined;
  readonly members: Readonly<Record<string, unknown>> | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string = ERROR_CATALOGUE[code].message,
    options: ServiceErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfter = options.retryAfter;
    this.detail = options.detail;
    this.members = options.members;
  }

  /** The HTTP status of the answer. */
  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
}
