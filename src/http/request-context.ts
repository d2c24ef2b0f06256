import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientAddress } from './client-address.js';
import type { FromUnnamedProxy } from './unnamed-proxy.js';

/** What is known of a request besides HTTP itself. */
export interface RequestContext {
  /** The `X-Request-Id` of the answer. */
  readonly requestId: string;
  /** The W3C trace id of an inbound `traceparent`, or "". */
  readonly traceId: string;
  /** The address that the request comes from. */
  readonly client: string;
  /** It says that a proxy passed it on which the operator has not named. */
  readonly fromUnnamedProxy: boolean;
  /** {@link Caller.id}, once the caller was let in. */
  callerId: string | undefined;
  /** The code of the failure that it was answered with. */
  code: string | undefined;
  /** What the log says more about a refusal than the caller was told. */
  reason: string | undefined;
  /** Gives back what the request holds while it is worked on; see {@link releaseSlot}. */
  release: (() => void) | undefined;
  /** The request's target as it came; see {@link Replays}, as for the next two. */
  readonly target: string;
  /** What its answer would follow from when it began. */
  readonly basis: object | undefined;
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

/** Starts a request: gives it its context and its answer the headers that every answer has. */
export function beginRequest(
  request: IncomingMessage,
  response: ServerResponse,
  clientOf: ClientAddress,
  isFromUnnamedProxy: FromUnnamedProxy = () => false,
  basis?: object,
): RequestContext {
  const context: RequestContext = {
    ...idsOf(request),
    client: clientOf(request),
    fromUnnamedProxy: isFromUnnamedProxy(request),
    callerId: undefined,
    code: undefined,
    reason: undefined,
    release: undefined,
    target: request.url ?? '',
    basis,
    readmit: undefined,
    refuseBody: undefined,
  };
  (request as Carrier)[CONTEXT] = context;
  response.setHeader(REQUEST_ID_HEADER, context.requestId);
  for (const [name, value] of HEADERS_OF_EVERY) response.setHeader(name, value);
  return context;
}

/**
 * Starts a request that gets the answer of an earlier one of its connection again; no header is set yet.
 * @param isTraced - whether a header says which id it has
 */
export function repeatRequest(
  request: IncomingMessage,
  earlier: RequestContext,
  isTraced: boolean,
): RequestContext {
  const ids = isTraced ? idsOf(request) : undefined;
  // Written out: this is the path of most checks, and a copy by spreading takes longer.
  return {
    requestId: ids?.requestId ?? nextRequestId(),
    traceId: ids?.traceId ?? '',
    client: earlier.client,
    fromUnnamedProxy: earlier.fromUnnamedProxy,
    callerId: earlier.callerId,
    code: undefined,
    reason: undefined,
    release: undefined,
    target: earlier.target,
    basis: earlier.basis,
    readmit: earlier.readmit,
    refuseBody: undefined,
  };
}

/** The context that {@link beginRequest} gave a request. */
export function contextOf(request: IncomingMessage): RequestContext {
  const context = (request as Carrier)[CONTEXT];
  if (context === undefined) throw new Error('the request was not begun');
  return context;
}

/** The work on a request is over, whether or not its client is still there. */
export function releaseSlot(request: IncomingMessage): void {
  const context = (request as Carrier)[CONTEXT];
  if (context?.release === undefined) return;
  context.release();
  context.release = undefined;
}

function idsOf({ headers }: IncomingMessage): Pick<RequestContext, 'requestId' | 'traceId'> {
  const inbound = headers['x-request-id'];
  return {
    requestId: typeof inbound === 'string' && REQUEST_ID.test(inbound) ? inbound : nextRequestId(),
    traceId: headers.traceparent === undefined ? '' : traceId(headers.traceparent),
  };
}

function nextRequestId(): string {
  counter += 1;
  return `${PROCESS_PART}-${counter.toString(36)}`;
}

function traceId(header: string | string[]): string {
  return TRACEPARENT.exec(String(header))?.[1] ?? '';
}
