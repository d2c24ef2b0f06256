import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { isAxiosError } from 'axios';
import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import { ClockWatch } from '../clock/clock-watch.js';
import { VERSION } from '../config/build-info.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { issuerAgents } from './guarded-agent.js';
import { badResponse, classOfNetworkError, IssuerCallError } from './issuer-call-error.js';

/** The largest answer that is read, bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** The circuit opens after this many network failures in a row, for this long; then one call probes. */
const FAILURES_IN_A_ROW = 5;
const OPEN_MS = 30_000;

/** What an issuer answered. */
export interface IssuerAnswer {
  readonly status: number;
  /** At most 64 KiB. */
  readonly body: Uint8Array;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A failure of the way to the issuer, not of what it said: these open the circuit. */
class NetworkError extends IssuerCallError {
  override readonly name = 'NetworkError';
}

/**
 * The only caller of axios. One call is one request to an address of the configuration, with one deadline, without
 * redirects, proxies of the environment or compression (so that nothing can grow behind the limit).
 */
@Injectable()
export class IssuerHttp {
  readonly #logger = new Logger(IssuerHttp.name);
  readonly #timeoutMs: number;
  readonly #agents: ReturnType<typeof issuerAgents>;
  /** One for each address: keys that cannot be fetched say nothing about renewals. There are two addresses at most. */
  readonly #circuits = new Map<string, CircuitBreakerPolicy>();

  constructor(
    private readonly http: HttpService,
    @Inject(SERVICE_CONFIG) config: ServiceConfig,
    private readonly clockWatch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#timeoutMs = config.issuer.timeoutMs;
    this.#agents = issuerAgents(config.issuer, (error) =>
      this.#logger.warn({ msg: 'ISSUER_CA_PATH cannot be read any more: what it said stays', err: error }),
    );
  }

  /** @throws ServiceError `issuer.unavailable`, `issuer.timeout`, `issuer.bad-response` */
  async get(url: URL): Promise<IssuerAnswer> {
    return this.#call({ method: 'GET', url: url.href, deadline: this.deadline() });
  }

  /** The deadline of a call that begins now, which several calls can share. */
  deadline(): AbortSignal {
    return AbortSignal.timeout(this.#timeoutMs);
  }

  /** @throws ServiceError `issuer.unavailable`, `issuer.timeout`, `issuer.bad-response` */
  async post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: object,
    deadline: AbortSignal,
  ): Promise<IssuerAnswer> {
    return this.#call({
      method: 'POST',
      url: url.href,
      headers: { ...headers, 'Content-Type': 'application/json' },
      data: JSON.stringify(body),
      deadline,
    });
  }

  async #call(request: {
    readonly method: string;
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly data?: string;
    readonly deadline: AbortSignal;
  }): Promise<IssuerAnswer> {
    try {
      return await this.#circuit(request.url).execute(() => this.#request(request));
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new IssuerCallError('issuer.unavailable', 'paused', undefined, {
        cause: new Error('the last calls failed: none is made for a while'),
        retryAfter: OPEN_MS / 1000,
      });
    }
  }

  #circuit(url: string): CircuitBreakerPolicy {
    let circuit = this.#circuits.get(url);
    if (circuit === undefined) {
      const onNetworkFailure = handleWhen((error) => error instanceof NetworkError);
      const breaker = new ConsecutiveBreaker(FAILURES_IN_A_ROW);
      circuit = circuitBreaker(onNetworkFailure, { halfOpenAfter: OPEN_MS, breaker });
      this.#circuits.set(url, circuit);
    }
    return circuit;
  }

  async #request({
    deadline,
    ...request
  }: {
    readonly deadline: AbortSignal;
    readonly headers?: object;
  }): Promise<IssuerAnswer> {
    const asked = this.clock.now();
    try {
      const answer = await this.http.axiosRef.request<Buffer>({
        ...request,
        ...this.#agents,
        headers: {
          Accept: 'application/json',
          'Accept-Encoding': 'identity',
          'User-Agent': `licentia/${VERSION}`,
          ...request.headers,
        },
        signal: deadline,
        proxy: false,
        maxRedirects: 0,
        decompress: false,
        responseType: 'arraybuffer',
        maxContentLength: MAX_ANSWER_BYTES,
        validateStatus: () => true,
        transformRequest: [],
        transformResponse: [],
      });
      const headers = answer.headers as Record<string, string | undefined>;
      // Nobody signs a date: it is good for a warning alone.
      if (headers.date !== undefined) this.clockWatch.compare('issuer', Date.parse(headers.date), asked);
      if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
        throw badResponse(new Error('the answer is compressed, which was not asked for'));
      }
      return { status: answer.status, body: answer.data, headers };
    } catch (error) {
      throw translated(error, deadline.aborted);
    }
  }
}

function translated(error: unknown, late: boolean): unknown {
  if (error instanceof ServiceError) return error;
  // axios keeps the whole request in its errors, the license in its header: only what names the fault goes on.
  const cause = new Error(describe(error));
  if (late) return new NetworkError('issuer.timeout', 'timeout', undefined, { cause });
  const { code } = error as { code?: string };
  const unreadable = code === 'ERR_BAD_RESPONSE' || code?.startsWith('HPE_');
  if (unreadable) return badResponse(cause);
  const options = { cause, retryAfter: OPEN_MS / 1000 };
  return new NetworkError('issuer.unavailable', classOfNetworkError(code), undefined, options);
}

function describe(error: unknown): string {
  if (!isAxiosError(error) && !(error instanceof Error)) return 'the call failed';
  const { code, message } = error as { code?: string; message: string };
  return code === undefined ? message : `${code}: ${message}`;
}
