import { Inject, Injectable } from '@nestjs/common';
import { VERSION } from '../config/build-info.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import type { LicenseClaims } from '../domain/license/license-claims.js';
import type { AuthenticatedLicense } from '../domain/license/license-token.js';
import { maxPause, type RenewalTerms } from '../domain/license/renewal-policy.js';
import type { ReportFate } from '../domain/usage/issuer-reporting.js';
import { showableReason } from '../domain/issuer-reason.js';
import { isJsonObject, type JsonObject, parseStrictJson } from '../domain/token/strict-json.js';
import { badResponse, IssuerCallError } from './issuer-call-error.js';
import { type IssuerAnswer, IssuerHttp } from './issuer-http.js';

/** What an issuer can answer to a renewal that it does not refuse. Nothing of it is verified yet. */
export type RenewalAnswer =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'not-due' }
  | { readonly kind: 'revoked'; readonly statement: string };

/**
 * What an issuer answers to a rehearsal: that the renewal would succeed, that it knows no rehearsals, else
 * what it answers to the renewal.
 */
export type RehearsalAnswer = RenewalAnswer | { readonly kind: 'ready' } | { readonly kind: 'unsupported' };

/** What came of a renewal, and of the report that went with it; undefined without one. */
export interface RenewalReply {
  readonly answer: RenewalAnswer;
  readonly report: ReportFate | undefined;
}

/** What is renewed: the issuer sees its token, and may pause as its times allow. */
type Renewed = Pick<AuthenticatedLicense, 'token' | 'claims'>;

/** The shortest pause after an issuer's `Retry-After`, seconds. */
const MIN_WAIT = 1;
/** What is suggested to a caller while no address is configured, seconds. */
const UNCONFIGURED_WAIT = 3600;
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
   * One call, no retry. Only a call with a report that came to nothing is made once more without it, within the same
   * deadline: a renewal never fails because of its report.
   *
   * @param license - to renew: its token is the only credential that the issuer sees
   * @param attemptId - the same for every call of one attempt, so that the issuer can recognize it
   * @param usage - a report of the use of the license
   * @throws ServiceError `issuer.unavailable`, `issuer.timeout`, `issuer.refused`, `issuer.bad-response`
   */
  async renew(license: Renewed, attemptId: string, usage?: JsonObject): Promise<RenewalReply> {
    const deadline = this.http.deadline();
    if (usage === undefined) {
      const answer = this.#read(license, await this.#ask(license, attemptId, {}, deadline));
      return { answer, report: undefined };
    }
    const first = await this.#ask(license, attemptId, { usage }, deadline);
    try {
      const answer = this.#read(license, first);
      return { answer, report: { kind: 'answered', acknowledgment: parsedIfPossible(first).usage } };
    } catch (error) {
      if (error instanceof IssuerPauseError) throw error;
      const answer = this.#read(license, await this.#ask(license, attemptId, {}, deadline));
      return { answer, report: { kind: 'refused' } };
    }
  }

  /**
   * Asks what a renewal would be answered; the issuer issues nothing.
   * @throws ServiceError as {@link renew}
   */
  async rehearse(license: Renewed, attemptId: string): Promise<RehearsalAnswer> {
    const answer = await this.#ask(license, attemptId, { dryRun: true });
    const { status } = answer;
    if (status === 200 && parsed(answer).dryRun === true) return { kind: 'ready' };
    if (status === 422 && codeIn(answer) === 'dry_run_unsupported') return { kind: 'unsupported' };
    return this.#read(license, answer);
  }

  /** @throws ServiceError `issuer.unavailable` where no call can be made */
  assertConfigured(): void {
    if (this.config.issuer.renewUrl !== undefined) return;
    const message =
      'No renewal address is configured: set ISSUER_URL to the issuer, or ISSUER_RENEW_URL to a gateway to it.';
    throw new IssuerCallError('issuer.unavailable', 'configuration', message, {
      retryAfter: UNCONFIGURED_WAIT,
    });
  }

  async #ask(
    { token, claims }: Renewed,
    attemptId: string,
    more: { readonly dryRun?: true; readonly usage?: JsonObject },
    deadline = this.http.deadline(),
  ): Promise<IssuerAnswer> {
    this.assertConfigured();
    assertNotPaused((this.#notBefore - this.clock.monotonic()) / 1000, claims, this.clock.now());
    return this.http.post(
      this.config.issuer.renewUrl as URL,
      { Authorization: `Bearer ${token}`, 'Idempotency-Key': attemptId },
      { instance: this.config.rootUrl.canonical, version: VERSION, ...more },
      deadline,
    );
  }

  #read({ token, claims }: Renewed, answer: IssuerAnswer): RenewalAnswer {
    const { status } = answer;
    if (status === 429 || status === 503) throw this.#pause(answer, claims);
    if (status === 200) return { kind: 'token', token: member(parsed(answer), 'token') };
    if (status === 409 || status === 410) {
      const body = parsed(answer);
      if (status === 409 && body.code === 'not_due') return { kind: 'not-due' };
      if (status === 410 && body.code === 'license_revoked') {
        return { kind: 'revoked', statement: member(body, 'statement') };
      }
      throw badResponse(new Error(`the issuer answered ${status} without a code that belongs to it`));
    }
    if (status >= 400 && status < 500) throw refused(answer, token);
    throw badResponse(new Error(`the issuer answered ${status}`));
  }

  #pause({ status, headers }: IssuerAnswer, claims: LicenseClaims): IssuerPauseError {
    const seconds = retryAfter(headers['retry-after'], claims, this.clock.now());
    if (seconds !== undefined) this.#notBefore = this.clock.monotonic() + seconds * 1000;
    return new IssuerPauseError(new Error(`the issuer answered ${status}`), seconds);
  }
}

/** The issuer asked not to be called for a while. */
export class IssuerPauseError extends IssuerCallError {
  override readonly name = 'IssuerPauseError';

  /** @param seconds - as the issuer named them, within bounds; undefined where it named none */
  constructor(
    cause: Error,
    readonly seconds: number | undefined,
  ) {
    super('issuer.unavailable', 'refused', undefined, { cause, retryAfter: seconds ?? USUAL_WAIT });
  }
}

/**
 * No call is made before a pause that the issuer asked for is over.
 * @param left - of it, seconds
 * @param nowMs - Unix milliseconds
 * @throws IssuerCallError
 */
export function assertNotPaused(left: number, terms: Pick<RenewalTerms, 'exp'>, nowMs: number): void {
  if (left <= 0 || left > maxPause(terms, nowMs / 1000)) return;
  const message = 'The license issuer asked for a pause, which is not over.';
  throw new IssuerCallError('issuer.unavailable', 'paused', message, {
    cause: new Error('the issuer asked for a pause that is not over'),
    retryAfter: left,
  });
}

/** The error of a 4xx, with the issuer's reason where that can be shown. */
function refused(answer: IssuerAnswer, token: string): IssuerCallError {
  const { message } = parsedIfPossible(answer);
  const isText = typeof message === 'string' && message !== '';
  const detail = isText ? showableReason(message, token) : undefined;
  const hidden =
    isText && detail === undefined
      ? ', with a reason that is too long, or has unusual characters or a part of the token'
      : '';
  const cause = new Error(`the issuer answered ${answer.status}${hidden}`);
  return new IssuerCallError('issuer.refused', 'refused', undefined, {
    cause,
    ...(detail === undefined ? {} : { detail }),
  });
}

function codeIn(answer: IssuerAnswer): unknown {
  return parsedIfPossible(answer).code;
}

function parsedIfPossible(answer: IssuerAnswer): JsonObject {
  try {
    return parsed(answer);
  } catch {
    return {};
  }
}

/** The body decides; its content type is ignored. @throws ServiceError `issuer.bad-response` */
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

/** `Retry-After` in seconds (RFC 9110, section 10.2.3), {@link maxPause} at most; undefined where it has none. */
function retryAfter(
  value: string | undefined,
  terms: Pick<RenewalTerms, 'exp'>,
  nowMs: number,
): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - nowMs) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.max(MIN_WAIT, Math.min(maxPause(terms, nowMs / 1000), seconds));
}
