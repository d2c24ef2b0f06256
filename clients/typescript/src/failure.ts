import { LongAnswerError } from './bounded-answer.js';
import { type FailureCode, NEXT_STEPS } from './next-step.js';
import { retryAfterMs } from './retry.js';
import type { components } from './schema.js';

/** Why a call has no result. */
export interface Failure {
  /** The HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** Decide by this one: it never changes. */
  readonly code: FailureCode;
  /** For people. It may be reworded. */
  readonly message: string;
  /** A further sentence on what is wrong. */
  readonly detail: string | undefined;
  /** The log of the service has it. Undefined where there was no answer. */
  readonly requestId: string | undefined;
  /** What a person can do. */
  readonly nextStep: string;
  /** Seconds after which the service asked to be called again. */
  readonly retryAfter: number | undefined;
  /** What a license would take away, with `license.acknowledge-required`. */
  readonly changes: readonly components['schemas']['TermChange'][];
  /** The answer as it was read: probes say in it what is missing. */
  readonly body: unknown;
}

/** @param body - the answer as it was read: an object where it was JSON */
export function failureOfAnswer(response: Response, body: unknown): Failure {
  const { messageId, accessErrorId, message, error, changes } = isObject(body) ? body : {};
  const code = accessErrorId !== undefined ? 'access.denied' : messageId;
  const isKnown = typeof code === 'string' && Object.hasOwn(NEXT_STEPS, code);
  const known = isKnown ? (code as FailureCode) : 'client.bad-answer';
  const waitMs = retryAfterMs(response.headers.get('Retry-After'), Date.now());
  return {
    status: response.status,
    code: known,
    message: isKnown && typeof message === 'string' ? message : `The answer is HTTP ${response.status}.`,
    detail: typeof error === 'string' ? error : undefined,
    requestId: response.headers.get('X-Request-Id') ?? undefined,
    nextStep: NEXT_STEPS[known],
    retryAfter: waitMs === undefined ? undefined : Math.ceil(waitMs / 1_000),
    changes: Array.isArray(changes) ? (changes as components['schemas']['TermChange'][]) : [],
    body,
  };
}

/** @param body - a success as it was read, which is none of the operation */
export function failureOfOther(response: Response, body: unknown): Failure {
  const code = 'client.bad-answer';
  return {
    status: response.status,
    code,
    message: `The answer is HTTP ${response.status}, and not what this API answers.`,
    detail: undefined,
    requestId: response.headers.get('X-Request-Id') ?? undefined,
    nextStep: NEXT_STEPS[code],
    retryAfter: undefined,
    changes: [],
    body,
  };
}

/** @param error - what fetch or the reading of a body has thrown */
export function failureWithoutAnswer(error: unknown): Failure {
  const { name, message, cause } = error as Error;
  const code =
    name === 'TimeoutError'
      ? 'client.timeout'
      : error instanceof SyntaxError || error instanceof LongAnswerError
        ? 'client.bad-answer'
        : 'client.unreachable';
  const messages: Record<typeof code, string> = {
    'client.timeout': 'The service did not answer in time.',
    'client.bad-answer':
      error instanceof LongAnswerError ? 'The answer is too long.' : 'The answer is not JSON.',
    'client.unreachable': 'The service cannot be reached.',
  };
  return {
    status: undefined,
    code,
    message: messages[code],
    detail: code === 'client.timeout' ? undefined : reasonOf(cause) || wordsOf(name, message),
    requestId: undefined,
    nextStep: NEXT_STEPS[code],
    retryAfter: undefined,
    changes: [],
    body: undefined,
  };
}

/** The `TypeError` of a network error (Fetch, "fetch()") says nothing in itself: "fetch failed", "Failed to fetch". */
function wordsOf(name: string, message: string): string | undefined {
  return name === 'TypeError' ? undefined : message || undefined;
}

function reasonOf(cause: unknown): string {
  const { message, code, errors } = isObject(cause) ? cause : {};
  // Of several addresses none answered: Node lists the errors, and its own message is empty.
  const reason = message || (Array.isArray(errors) ? reasonOf(errors[0]) : '') || code;
  return typeof reason === 'string' ? reason : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
