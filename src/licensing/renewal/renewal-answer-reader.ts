import { Inject, Injectable } from '@nestjs/common';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import { decideRenewal } from '../../domain/license/license.js';
import {
  assertValid,
  type AuthenticatedLicense,
  readRevocationHeader,
  type RevocationStatement,
  verifyRevocationStatement,
} from '../../domain/license/license-token.js';
import { ServiceError } from '../../domain/service-error.js';
import { badResponse, classOfRefusal, IssuerCallError } from '../../issuer/issuer-call-error.js';
import { IssuerKeys } from '../../issuer/issuer-keys.js';
import type { RenewalAnswer } from '../../issuer/license-issuer.js';
import type { StoredLicense } from '../../snapshot/snapshot.js';
import { LicenseMetrics } from '../license/license-metrics.js';
import { LicenseReader } from '../license/license-reader.js';
import { TokenVerifier } from '../license/token-verifier.js';

/** What an issuer's answer comes to, once it is verified. */
export type ReadAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'successor'; readonly license: AuthenticatedLicense }
  | {
      readonly kind: 'revoked';
      readonly revocation: RevocationStatement;
      readonly statement: string;
      /** What the renewal is answered with. */
      readonly refusal: IssuerCallError;
    };

/** Verifies what an issuer answers, and changes nothing: a renewal goes on from here, and its rehearsal ends here. */
@Injectable()
export class RenewalAnswerReader {
  constructor(
    private readonly keys: IssuerKeys,
    private readonly verifier: TokenVerifier,
    private readonly reader: LicenseReader,
    private readonly metrics: LicenseMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ServiceError `issuer.bad-response`, `issuer.unavailable` */
  async read(stored: AuthenticatedLicense, answer: RenewalAnswer): Promise<ReadAnswer> {
    switch (answer.kind) {
      case 'not-due':
        return { kind: 'unchanged' };
      case 'token':
        return this.#readToken(stored, answer.token);
      case 'revoked':
        return this.#readStatement(stored, answer.statement);
    }
  }

  /** Verified like an upload. */
  async #readToken(stored: AuthenticatedLicense, token: string): Promise<ReadAnswer> {
    if (token === stored.token) return { kind: 'unchanged' };
    const license = await this.#verify(token);
    switch (decideRenewal(stored, license)) {
      case 'unchanged':
        return { kind: 'unchanged' };
      case 'unusable':
        throw badResponse(new Error('the token is not a newer one of the same license'));
      case 'replace':
        return { kind: 'successor', license };
    }
  }

  async #verify(token: string): Promise<AuthenticatedLicense> {
    try {
      const license = await this.verifier.verify(token, 'renewal');
      this.#assertValid(license);
      return license;
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code === 'issuer.unavailable') throw error;
      throw badResponse(new Error(`${error.code}: ${error.message}`), classOfRefusal(error));
    }
  }

  #assertValid({ claims }: AuthenticatedLicense): void {
    try {
      assertValid(claims, this.reader.policy, toSeconds(this.clock.now()));
    } catch (error) {
      this.metrics.refused('renewal', error);
      throw error;
    }
  }

  /** A revocation counts only with the issuer's signature under it: a broken proxy can answer 410 too. */
  async #readStatement({ claims }: AuthenticatedLicense, statement: string): Promise<ReadAnswer> {
    const revocation = await this.#verifyStatement(statement);
    if (revocation.lid !== claims.lid) throw badResponse(new Error('the statement revokes another license'));
    // A statement from before the token was issued takes nothing away: that token lifted it.
    const effective = claims.iat <= revocation.iat;
    const refusal = new IssuerCallError(
      'issuer.refused',
      'refused',
      effective ? 'The license issuer refused the renewal: the license is revoked.' : undefined,
      { cause: new Error('a verified revocation statement') },
    );
    return { kind: 'revoked', revocation, statement, refusal };
  }

  async #verifyStatement(statement: string): Promise<RevocationStatement> {
    try {
      const keys = await this.keys.forKid(readRevocationHeader(statement).kid);
      const now = toSeconds(this.clock.now());
      return await verifyRevocationStatement(statement, keys, this.reader.policy, now);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'issuer.bad-response') throw error;
      const { code, message, cause } = error;
      throw new IssuerCallError(code, classOfRefusal(cause), message, { cause });
    }
  }
}

/** @throws ServiceError `issuer.bad-response` for a successor that a revocation which is known already applies to */
export function assertNotRevoked({ revocations }: StoredLicense, { claims }: AuthenticatedLicense): void {
  const revokedAt = revocations.find(claims.iss, claims.lid);
  if (revokedAt !== undefined && claims.iat <= revokedAt) throw fromBeforeRevocation();
}

/** What an answer is that a known revocation applies to. */
export function fromBeforeRevocation(): ServiceError {
  return badResponse(new Error('the token is from before the revocation of its license'));
}
