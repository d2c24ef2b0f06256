import createFetchClient, {
  type Client as FetchClient,
  type ClientPathsWithMethod,
  type FetchResponse,
  type MaybeOptionalInit,
} from 'openapi-fetch';
import { isAnswerTo } from './answer.js';
import { boundedAnswer } from './bounded-answer.js';
import { type Failure, failureOfAnswer, failureOfOther, failureWithoutAnswer } from './failure.js';
import { DEFAULT_WAIT_MS, isRetriable, MAX_RETRY_WAIT_MS, retryAfterMs } from './retry.js';
import type { paths } from './schema.js';

export { LongAnswerError } from './bounded-answer.js';
export type { Failure } from './failure.js';
export type { FailureCode } from './next-step.js';
/** The shapes of the API by their names in docs/openapi.yaml. */
export type * as Api from './schema.js';

export interface ClientOptions {
  /** Where the service is, with its path if it serves one: `https://licenses.example.com/licentia`. */
  readonly baseUrl: string;
  /** The token of a service account. Without it only probes and metrics can be asked. */
  readonly token?: string | undefined;
  /** Instead of a token: the name and password of the server's administrator. */
  readonly administrator?: { readonly user: string; readonly password: string } | undefined;
  /** How long one try may take, milliseconds: 60 seconds unless given, a renewal takes up to 47. */
  readonly timeoutMs?: number | undefined;
  /** How often 429, and 503 where that is safe, is repeated: twice unless given. */
  readonly retries?: number | undefined;
  /** Instead of the platform's. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** What came of a call. A call never throws for what the service or the network does. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly response: Response }
  | { readonly ok: false; readonly failure: Failure };

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type MediaType = `${string}/${string}`;

type Call<M extends Method> = <
  Path extends ClientPathsWithMethod<FetchClient<paths>, M>,
  Init extends MaybeOptionalInit<paths[Path], M>,
>(
  path: Path,
  ...init: undefined extends MaybeOptionalInit<paths[Path], M> ? [Init?] : [Init]
) => Promise<Outcome<NonNullable<FetchResponse<Answers<Path, M>, Init, MediaType>['data']>>>;

type Answers<Path extends keyof paths, M extends Method> = Extract<
  paths[Path][M & keyof paths[Path]],
  Record<string | number, unknown>
>;

/** One method for each of HTTP. Paths, parameters, bodies and answers have the types of docs/openapi.yaml. */
export interface Client {
  readonly GET: Call<'get'>;
  readonly POST: Call<'post'>;
  readonly PUT: Call<'put'>;
  readonly PATCH: Call<'patch'>;
  readonly DELETE: Call<'delete'>;
}

/** @throws TypeError for a base URL or a token that cannot be one; the message does not have the token */
export function createClient(options: ClientOptions): Client {
  const { baseUrl, fetch = (request) => globalThis.fetch(request) } = options;
  const { timeoutMs = 60_000, retries = 2 } = options;
  const api = createFetchClient<paths>({
    baseUrl: checkedUrl(baseUrl),
    headers: credentials(options),
    // The service redirects nobody, and a token must not go anywhere else.
    redirect: 'error',
    fetch: async (request) => withRetries(request, retries, (one) => fetchWithin(one, timeoutMs, fetch)),
  });
  const caller = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE') => {
    const call = api[method] as (...args: unknown[]) => Promise<FetchResponse<never, object, MediaType>>;
    return (async (path: string, init?: { parseAs?: string }) =>
      outcomeOf(
        () => call(path, init),
        (data, response) => isAnswerTo(`${method} ${path}`, data, response, init?.parseAs),
        EMPTY[init?.parseAs ?? 'json'],
      )) as never;
  };
  return {
    GET: caller('GET'),
    POST: caller('POST'),
    PUT: caller('PUT'),
    PATCH: caller('PATCH'),
    DELETE: caller('DELETE'),
  };
}

function credentials({ token, administrator }: ClientOptions): { Authorization?: string } {
  if (token !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new TypeError('The token is empty, or has blanks, line ends or characters that no token has.');
    }
    return { Authorization: `Bearer ${token}` };
  }
  if (administrator === undefined) return {};
  const bytes = new TextEncoder().encode(`${administrator.user}:${administrator.password}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function checkedUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!isHttp || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError(
      'The address of the service is not an http or https URL without a password, a query and a fragment.',
    );
  }
  return url.href;
}

/**
 * Sends a request once. It ends a try that takes too long, its body included, and an answer that is too long
 * ({@link LongAnswerError}). The timer holds the controller: Node 20 can collect signals of
 * `AbortSignal.timeout` and `any` before they fire.
 */
export async function fetchWithin(
  request: Request,
  timeoutMs: number,
  fetch: (request: Request) => Promise<Response>,
): Promise<Response> {
  const controller = new AbortController();
  const late = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  const timer: unknown = setTimeout(() => controller.abort(late), timeoutMs);
  // It must not keep a process of Node that has its answer.
  (timer as { unref?: () => void }).unref?.();
  const { signal } = request;
  if (signal.aborted) controller.abort(signal.reason);
  signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  const response = await fetch(new Request(request, { signal: controller.signal }));
  return boundedAnswer(response, controller.signal);
}

async function withRetries(
  request: Request,
  retries: number,
  send: (request: Request) => Promise<Response>,
): Promise<Response> {
  for (let left = retries; ; left -= 1) {
    // A body can be sent once.
    const response = await send(request.clone());
    if (left <= 0 || !isRetriable(response.status, request.method, request.url)) return response;
    const waitMs = retryAfterMs(response.headers.get('Retry-After'), Date.now()) ?? DEFAULT_WAIT_MS;
    if (waitMs > MAX_RETRY_WAIT_MS) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** What an answer without a body is, by `parseAs`: openapi-fetch makes it undefined. */
const EMPTY: Readonly<Record<string, () => unknown>> = {
  text: () => '',
  blob: () => new Blob([]),
  arrayBuffer: () => new ArrayBuffer(0),
  stream: () => new Response('').body,
};

async function outcomeOf(
  call: () => Promise<FetchResponse<never, object, MediaType>>,
  isAnswer: (data: unknown, response: Response) => boolean,
  empty: () => unknown = () => undefined,
): Promise<Outcome<unknown>> {
  try {
    const { data, error, response } = await call();
    if (!response.ok) return { ok: false, failure: failureOfAnswer(response, error) };
    if (!isAnswer(data, response)) return { ok: false, failure: failureOfOther(response, data) };
    return { ok: true, value: data ?? empty(), response };
  } catch (error) {
    return { ok: false, failure: failureWithoutAnswer(error) };
  }
}
