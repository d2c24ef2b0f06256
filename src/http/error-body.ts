import type { ErrorCode } from '../domain/service-error.js';

/** What every failure but a 403 answers with. */
export interface ErrorBody {
  readonly message: string;
  readonly messageId: ErrorCode;
  readonly statusCode: number;
  /** W3C trace id of the request, or "". */
  readonly traceID: string;
  /** A further sentence, where there is one. */
  readonly error?: string;
}

export function errorBody(
  statusCode: number,
  messageId: ErrorCode,
  message: string,
  traceID: string,
  error?: string,
): ErrorBody {
  return { message, messageId, statusCode, traceID, ...(error === undefined ? {} : { error }) };
}
