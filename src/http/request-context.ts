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
  /** Refuses the request with this error while its body is read; undefined at any other time. */
  refuseBody: ((error: Error) => void) | undefined;
}

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
): RequestContext {
  const { headers } = request;
  const inbound = headers['x-request-id'];
  const context: RequestContext = {
    requestId: typeof inbound === 'string' && REQUEST_ID.test(inbound) ? inbound : nextRequestId(),
    traceId: headers.traceparent === undefined ? '' : traceId(headers.traceparent),
    client: clientOf(request),
    fromUnnamedProxy: isFromUnnamedProxy(request),
    callerId: undefined,
    code: undefined,
    reason: undefined,
    release: undefined,
    refuseBody: undefined,
  };
  (request as Carrier)[CONTEXT] = context;
  response.setHeader('X-Request-Id', context.requestId);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'deny');
  return context;
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

function nextRequestId(): string {
  counter += 1;
  return `${PROCESS_PART}-${counter.toString(36)}`;
}

function traceId(header: string | string[]): string {
  return TRACEPARENT.exec(String(header))?.[1] ?? '';
}
