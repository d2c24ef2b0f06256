import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Where a request comes from. */
export interface RequestOrigin {
  /** The client's address. */
  readonly client: string;
  /** It says that a proxy passed it on which the operator has not named. */
  readonly fromUnnamedProxy: boolean;
}

/** What is known of a request besides HTTP itself. */
export interface RequestContext extends RequestOrigin {
  /** The `X-Request-Id` of the answer. */
  readonly requestId: string;
  /** The W3C trace id of an inbound `traceparent`, or "". */
  readonly traceId: string;
  /** When it arrived, by `performance.now()`. */
  readonly startedAt: number;
  /** {@link Caller.id}, once the caller was let in. */
  callerId: string | undefined;
  /** The code of the failure that it was answered with. */
  code: string | undefined;
  /** What the log says more about a refusal than the caller was told. */
  reason: string | undefined;
  /** Gives back what the request holds while it is worked on; see {@link releaseSlot}. */
  release: (() => void) | undefined;
  /** Lets its caller in again, once that was let in. @throws ServiceError, AccessDeniedError */
  assertStillAllowed: (() => void) | undefined;
  /** What it waits for between its body and its work. */
  afterBody: (() => Promise<void> | undefined) | undefined;
  /** The request's target as it came; see {@link Replays}, as for the next two. */
  readonly target: string;
  /** What its answer would follow from when it began. */
  basis: object | undefined;
  /** Lets its caller in again, once that was let in. @returns false when the guard has to decide */
  readmit: (() => boolean) | undefined;
  /** Refuses the request with this error while its body is read; undefined at any other time. */
  refuseBody: ((error: Error) => void) | undefined;
}

export const REQUEST_ID_HEADER = 'X-Request-Id';
/** The others that every answer has. */
export const HEADERS_OF_EVERY = [
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'deny'],
] as const;

const CONTEXT = Symbol('RequestContext');
type Carrier = IncomingMessage & { [CONTEXT]?: RequestContext };

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** https://www.w3.org/TR/trace-context/#traceparent-header; an id of zeros is none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

/** Identifies the process; with a counter behind it an id is unique and costs no random bytes per request. */
const PROCESS_PART = randomBytes(9).toString('hex');
let counter = 0;

/**
 * Starts a request: gives it its context.
 * @param origin - where it comes from: computed, or that of an earlier request with the same headers
 * @param isTraced - false when no header says which id it has, as far as is known
 */
export function beginRequest(
  request: IncomingMessage,
  origin: RequestOrigin,
  isTraced = true,
): RequestContext {
  const context: RequestContext = {
    requestId: (isTraced ? inboundId(request) : undefined) ?? nextRequestId(),
    traceId: isTraced ? traceIdOf(request) : '',
    client: origin.client,
    fromUnnamedProxy: origin.fromUnnamedProxy,
    target: request.url ?? '',
    startedAt: performance.now(),
    callerId: undefined,
    code: undefined,
    reason: undefined,
    release: undefined,
    assertStillAllowed: undefined,
    afterBody: undefined,
    basis: undefined,
    readmit: undefined,
    refuseBody: undefined,
  };
  (request as Carrier)[CONTEXT] = context;
  return context;
}

/** Begins a request, with the headers that every answer has. */
export function beginAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  origin: RequestOrigin,
): RequestContext {
  const context = beginRequest(request, origin);
  response.setHeader(REQUEST_ID_HEADER, context.requestId);
  for (const [name, value] of HEADERS_OF_EVERY) response.setHeader(name, value);
  return context;
}

/** The context that {@link beginRequest} gave a request. */
export function contextOf(request: IncomingMessage): RequestContext {
  const context = (request as Carrier)[CONTEXT];
  if (context === undefined) throw new Error('the request was not begun');
  return context;
}

/** Whether {@link beginRequest} was called for a request. */
export function isBegun(request: IncomingMessage): boolean {
  return (request as Carrier)[CONTEXT] !== undefined;
}

/** The work on a request is over, whether or not its client is still there. */
export function releaseSlot(request: IncomingMessage): void {
  const context = (request as Carrier)[CONTEXT];
  if (context?.release === undefined) return;
  context.release();
  context.release = undefined;
}

/** The id that a client or proxy gave a request, where it is one that can be repeated. */
function inboundId({ headers }: IncomingMessage): string | undefined {
  const inbound = headers['x-request-id'];
  return typeof inbound === 'string' && REQUEST_ID.test(inbound) ? inbound : undefined;
}

function nextRequestId(): string {
  counter += 1;
  return `${PROCESS_PART}-${counter.toString(36)}`;
}

function traceIdOf({ headers: { traceparent } }: IncomingMessage): string {
  return traceparent === undefined ? '' : (TRACEPARENT.exec(String(traceparent))?.[1] ?? '');
}
