import { Strategy, type VerifyFunction } from 'passport-http-bearer';

/** What a strategy that Passport's machinery would drive calls back. */
interface Outcome<T> {
  success(user: T): void;
  fail(challenge?: unknown, status?: number): void;
  error(error: unknown): void;
}

/**
 * passport-http-bearer, given nothing but the header. By itself it also takes tokens from the body and the query,
 * and answers bare 400s; here it sees neither and only says what it found.
 */
export class BearerStrategy<T> {
  readonly #strategy: Strategy<VerifyFunction>;

  /** @param verify - who a token belongs to; undefined for nobody */
  constructor(verify: (token: string) => T | undefined) {
    this.#strategy = new Strategy((token, done) => {
      done(null, verify(token) ?? false);
    });
  }

  /**
   * @param authorization - the header's value
   * @returns whose token it is; `unusable` when the header names no bearer token
   */
  authenticate(authorization: string): T | 'unknown' | 'unusable' {
    let result: T | 'unknown' | 'unusable' = 'unusable';
    let failure: Error | undefined;
    const attempt = Object.assign(Object.create(this.#strategy) as Strategy<VerifyFunction>, {
      success: (user: T) => (result = user),
      // With a token in hand its challenge says `invalid_token`; without one it is a bare 400 or a bare challenge.
      fail: (challenge?: unknown) => {
        if (typeof challenge === 'string' && challenge.includes('invalid_token')) result = 'unknown';
      },
      error: (error: unknown) => {
        failure = error instanceof Error ? error : new Error('the bearer strategy failed');
      },
    } satisfies Outcome<T>);
    attempt.authenticate({ headers: { authorization } } as never);
    if (failure !== undefined) throw failure;
    return result;
  }
}
