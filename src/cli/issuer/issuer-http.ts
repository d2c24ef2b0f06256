import { setTimeout as sleep } from 'node:timers/promises';
import { fetchWithin, LongAnswerError } from '#client';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { CLOCK_HINT } from './clock-hint.js';

/** How to call a running issuer. */
export interface IssuerAccess {
  readonly url: string;
  readonly token: string;
  /** How long one try may take, milliseconds. */
  readonly timeoutMs: number;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** One call. */
export interface IssuerCall {
  readonly body?: object;
  /** What an answer of the issuer has. */
  readonly members: readonly string[];
  /** What helps where the present state does not allow it. */
  readonly next?: string;
  /** What helps where the answer got lost in spite of repetitions. */
  readonly ifLost?: string;
  /** What helps where it may have been done, but the answer got lost. Without it the call can be repeated at once. */
  readonly lookAt?: string;
}

/** After a lost answer a call is repeated after these, milliseconds: a restart takes some seconds. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000];
/** No `Retry-After` makes a command wait longer, seconds. */
const MAX_WAIT = 30;
/** With these the request was not sent. */
const UNSENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

const NEXT: Readonly<Record<string, string>> = {
  'auth.unauthorized':
    'Run "licentia login --issuer --url <address>" with the ISSUER_ADMIN_TOKEN of the issuer, or look at LICENTIA_ISSUER_TOKEN.',
  'too-many-requests': 'Look at the token, wait a minute, and repeat it.',
  license_unknown: '"licentia issuer list" shows the licenses.',
  key_unknown: '"licentia issuer keys list" shows the keys.',
  invalid_terms: '"licentia issuer issue --help" lists the terms.',
  clock_unconfirmed: CLOCK_HINT,
  'database.unavailable': 'Look at the log of the issuer, and at its database and disk. Then repeat it.',
  'internal-error': 'Look at the log of the issuer. Then repeat it.',
};

/** A call of the issuer that has no result. */
export class IssuerCallError extends CommandError {
  override readonly name = 'IssuerCallError';

  constructor(
    exitCode: ExitCode,
    readonly failure: {
      readonly code: string;
      readonly message: string;
      readonly status?: number | undefined;
      readonly field?: string | undefined;
      readonly requestId?: string | undefined;
    },
    next: string | undefined,
  ) {
    const { code, message, requestId } = failure;
    super(exitCode, `${message} (${code}${requestId === undefined ? '' : `, request ${requestId}`})`, next);
  }

  /** For `--json`. */
  override get details(): object {
    const { code, message, status, field, requestId } = this.failure;
    return { code, message, status, field, requestId, next: this.next ?? null };
  }
}

/** Calls the issuer below `/v1/admin`, as docs/issuer-protocol.md describes it. */
export class IssuerHttp {
  readonly #base: URL;

  /** @throws CommandError for an address or a token that cannot be one */
  constructor(private readonly access: IssuerAccess) {
    const { url, token } = access;
    const base = URL.canParse(url) ? new URL(url.endsWith('/') ? url : `${url}/`) : undefined;
    const isHttp = base !== undefined && ['http:', 'https:'].includes(base.protocol);
    if (!isHttp || base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '')
      throw new CommandError(
        ExitCode.Usage,
        'The address of the issuer is not an http or https URL without a password, a query and a fragment.',
      );
    if (!/^[\x21-\x7e]+$/.test(token))
      throw new CommandError(
        ExitCode.Usage,
        'The token is empty, or has blanks, line ends or characters that no token has.',
      );
    this.#base = base;
  }

  /**
   * @param path - below `/v1/admin/`, its ids encoded
   * @throws IssuerCallError
   */
  async call<T>(method: 'GET' | 'POST' | 'PATCH', path: string, call: IssuerCall): Promise<T> {
    let isLost = false;
    for (const pauseMs of [...PAUSES_MS, undefined]) {
      const outcome = await this.#try(method, path, call);
      if ('value' in outcome) return outcome.value as T;
      const { failure, isSent, waitSeconds } = outcome;
      isLost ||= isSent && failure.status === undefined;
      const canRepeat = call.lookAt === undefined || failure.status === 429;
      if (pauseMs === undefined || !canRepeat) throw refusal(failure, call, isLost, this.access.url);
      // What was never sent and what took its whole time is not tried again, unless the issuer had it before.
      const isTransient = failure.status === undefined ? isLost && failure.code !== 'client.timeout' : false;
      const isAsked = waitSeconds !== undefined && waitSeconds <= MAX_WAIT;
      if (!isTransient && !isAsked) throw refusal(failure, call, isLost, this.access.url);
      await sleep(isAsked ? waitSeconds * 1_000 : pauseMs);
    }
    throw new Error('unreachable');
  }

  async #try(method: string, path: string, { body, members }: IssuerCall): Promise<Outcome> {
    const { token, timeoutMs, fetch } = this.access;
    try {
      const request = new Request(new URL(`v1/admin/${path}`, this.#base), {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        // A token must not go anywhere else.
        redirect: 'error',
        ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
      });
      const response = await fetchWithin(request, timeoutMs, fetch);
      const text = await response.text();
      const answer = objectOf(text);
      if (response.ok && members.every((member) => Object.hasOwn(answer, member))) return { value: answer };
      return failureOf(response, answer);
    } catch (error) {
      return failureWithoutAnswer(error);
    }
  }
}

type Failure = IssuerCallError['failure'];
type Outcome =
  | { readonly value: object }
  | { readonly failure: Failure; readonly isSent: boolean; readonly waitSeconds?: number | undefined };

function failureOf(response: Response, answer: Record<string, unknown>): Outcome {
  const { status } = response;
  const { code, messageId, message, error, field } = answer;
  const known = typeof code === 'string' ? code : messageId;
  const requestId = response.headers.get('X-Request-Id') ?? undefined;
  const waitSeconds =
    status === 429 || status === 503 ? Number(response.headers.get('Retry-After') ?? 1) : undefined;
  if (typeof known !== 'string' || response.ok) {
    const failure = {
      code: 'client.bad-answer',
      message: `The answer is HTTP ${status}, and not what an issuer answers.`,
      status,
      requestId,
    };
    return { failure, isSent: true, waitSeconds };
  }
  const parts = [message, error].filter((part) => typeof part === 'string');
  return {
    failure: {
      code: known,
      message: parts.length === 0 ? `The answer is HTTP ${status}.` : [...new Set(parts)].join(': '),
      status,
      requestId,
      ...(typeof field === 'string' && { field }),
    },
    isSent: true,
    waitSeconds,
  };
}

function failureWithoutAnswer(error: unknown): Outcome {
  // No issuer: what was sent there did nothing, and is not repeated.
  if (error instanceof LongAnswerError)
    return { failure: { code: 'client.bad-answer', message: 'The answer is too long.' }, isSent: false };
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException & { errors?: Error[] } };
  if (name === 'TimeoutError')
    return {
      failure: { code: 'client.timeout', message: 'The issuer did not answer in time.' },
      isSent: true,
    };
  const [first] = cause?.errors ?? [];
  const code = cause?.code ?? (first as NodeJS.ErrnoException | undefined)?.code ?? '';
  const reason = (cause?.message || first?.message || message).replace(/\.$/, '');
  const isSent = !UNSENT.includes(code) && !/certificate|redirect/i.test(`${code} ${reason}`);
  return {
    failure: { code: 'client.unreachable', message: `The issuer cannot be reached: ${reason}.` },
    isSent,
  };
}

function refusal(failure: Failure, call: IssuerCall, isLost: boolean, url: string): IssuerCallError {
  const { code, status } = failure;
  if (isLost) {
    const message = `${failure.message} It may have been done: the answer got lost.`;
    const next = call.lookAt ?? call.ifLost ?? 'Repeat it: nothing is done twice.';
    return new IssuerCallError(ExitCode.Unknown, { ...failure, code: 'client.lost-answer', message }, next);
  }
  if (code === 'client.unreachable')
    return new IssuerCallError(
      ExitCode.Unknown,
      failure,
      `Look at --url, LICENTIA_ISSUER_URL and the profile (${url}); "licentia issuer serve" starts an issuer. While none runs, --database works on its database.`,
    );
  if (code === 'client.bad-answer' || code === 'not-found')
    return new IssuerCallError(
      ExitCode.Unknown,
      status === 404
        ? {
            ...failure,
            code: 'client.bad-answer',
            message: `The answer is HTTP 404: no issuer is at ${url}, or it runs without ISSUER_ADMIN_TOKEN.`,
          }
        : failure,
      'Look at --url, LICENTIA_ISSUER_URL and the profile; start the issuer with ISSUER_ADMIN_TOKEN or ISSUER_ADMIN_TOKEN_FILE.',
    );
  const next = (status === 409 ? call.next : undefined) ?? NEXT[code];
  return new IssuerCallError(exitCodeOf(code, status), failure, next);
}

function exitCodeOf(code: string, status: number | undefined): ExitCode {
  if (status === 400) return ExitCode.Usage;
  return ['license_unknown', 'key_unknown', 'conflict'].includes(code) ? ExitCode.No : ExitCode.Unknown;
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
