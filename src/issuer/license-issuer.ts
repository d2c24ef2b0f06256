import { Inject, Injectable } from '@nestjs/common';
import { VERSION } from '../config/build-info.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { isJsonObject, type JsonObject, parseStrictJson } from '../domain/strict-json.js';
import { badResponse, type IssuerAnswer, IssuerHttp } from './issuer-http.js';

/** What an issuer can answer to a renewal that it does not refuse. Nothing of it is verified yet. */
export type RenewalAnswer =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'not-due' }
  | { readonly kind: 'revoked'; readonly statement: string };

/** Of a reason by the issuer only such text is repeated to a caller. */
const SHOWABLE = /^[\p{L}\p{N} .,:;'()/_-]{1,200}$/u;
/** Bounds of an issuer's `Retry-After`, seconds. */
const SHORTEST_WAIT = 1;
const LONGEST_WAIT = 3600;
/** What is suggested to a caller when the issuer named no time, seconds. */
const USUAL_WAIT = 30;

/** Asks the issuer for a new token, after docs/issuer-protocol.md. */
@Injectable()
export class LicenseIssuer {
  /** Monotonic milliseconds before which the issuer wants no call. */
  #notBefore = -Infinity;

  constructor(
    private readonly http: IssuerHttp,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * One call, no retry.
   *
   * @param token - the license token to renew: it is the only credential that the issuer sees
   * @param attemptId - the same for every call of one attempt, so that the issuer can recognize it
   * @throws ServiceError `issuer.unavailable`, `issuer.timeout`, `issuer.refused`, `issuer.bad-response`
   */
  async renew(token: string, attemptId: string): Promise<RenewalAnswer> {
    const { renewUrl } = this.config.issuer;
    if (renewUrl === undefined) {
      throw new ServiceError(
        'issuer.unavailable',
        'No renewal address is configured: set ISSUER_RENEW_URL.',
        {
          retryAfter: LONGEST_WAIT,
        },
      );
    }
    const wait = (this.#notBefore - this.clock.monotonic()) / 1000;
    if (wait > 0) {
      throw unavailable(new Error('the issuer asked for a pause that is not over'), wait);
    }
    const answer = await this.http.post(
      renewUrl,
      { Authorization: `Bearer ${token}`, 'Idempotency-Key': attemptId },
      { instance: this.config.rootUrl.canonical, version: VERSION },
    );
    return this.#read(answer);
  }

  #read(answer: IssuerAnswer): RenewalAnswer {
    const { status } = answer;
    if (status === 429 || status === 503) throw this.#pause(answer);
    if (status === 200) return { kind: 'token', token: member(parsed(answer), 'token') };
    if (status === 409 || status === 410) {
      const body = parsed(answer);
      if (status === 409 && body.code === 'not_due') return { kind: 'not-due' };
      if (status === 410 && body.code === 'license_revoked') {
        return { kind: 'revoked', statement: member(body, 'statement') };
      }
      throw badResponse(new Error(`the issuer answered ${status} without a code that belongs to it`));
    }
    if (status >= 400 && status < 500) throw refused(answer);
    throw badResponse(new Error(`the issuer answered ${status}`));
  }

  #pause({ status, headers }: IssuerAnswer): ServiceError {
    const seconds = retryAfter(headers['retry-after'], this.clock.now());
    if (seconds !== undefined) this.#notBefore = this.clock.monotonic() + seconds * 1000;
    return unavailable(new Error(`the issuer answered ${status}`), seconds ?? USUAL_WAIT);
  }
}

function unavailable(cause: Error, wait: number): ServiceError {
  return new ServiceError('issuer.unavailable', undefined, { cause, retryAfter: wait });
}

/** The error of a 4xx, with the issuer's reason where that can be shown. */
function refused(answer: IssuerAnswer): ServiceError {
  const cause = new Error(`the issuer answered ${answer.status}`);
  const detail = reasonIn(answer);
  return new ServiceError('issuer.refused', undefined, {
    cause,
    ...(detail === undefined ? {} : { detail }),
  });
}

function reasonIn(answer: IssuerAnswer): string | undefined {
  try {
    const { message } = parsed(answer);
    return typeof message === 'string' && SHOWABLE.test(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The body decides, whatever its content type. @throws ServiceError `issuer.bad-response` */
function parsed({ body }: IssuerAnswer): JsonObject {
  let value;
  try {
    value = parseStrictJson(body);
  } catch (error) {
    throw badResponse(error);
  }
  if (!isJsonObject(value)) throw badResponse(new Error("the issuer's answer is no JSON object"));
  return value;
}

function member(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw badResponse(new Error(`the issuer's answer has no ${name}`));
  return value;
}

/** `Retry-After` in seconds within its bounds (RFC 9110, section 10.2.3); undefined when it says nothing. */
function retryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - nowMs) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, seconds));
}
