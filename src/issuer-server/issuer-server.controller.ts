import { Controller, Get, Header, HttpCode, Post, UseFilters, UseGuards } from '@nestjs/common';
import { KEY_SET_MAX_AGE } from '../domain/token/key-rotation.js';
import type { LicenseClaims } from '../domain/license/license-claims.js';
import { readRootUrl } from '../domain/root-url.js';
import type { PublicJwk } from '../domain/token/verification-key.js';
import { JsonBody } from '../http/json-body.js';
import { IdempotencyKey } from './renewals/idempotency-key.decorator.js';
import { ByLicense, LicenseTokenGuard } from './renewals/license-token.guard.js';
import { RenewalRefusedFilter } from './renewals/renewal-refused.filter.js';
import { RenewalRequest } from './renewals/renewal.request.js';
import type { AttemptAnswer } from './renewals/renewal-attempt.js';
import { Renewals } from './renewals/renewals.js';
import { SigningKeys } from './keys/signing-keys.js';

/** The issuer protocol, see `docs/issuer-protocol.md`. */
@Controller()
export class IssuerServerController {
  constructor(
    private readonly keys: SigningKeys,
    private readonly renewals: Renewals,
  ) {}

  @Get('.well-known/jwks.json')
  @Header('Cache-Control', `public, max-age=${KEY_SET_MAX_AGE}`)
  keySet(): { readonly keys: readonly PublicJwk[] } {
    return this.keys.jwks;
  }

  @Post('v1/licenses/renew')
  @HttpCode(200)
  @UseGuards(LicenseTokenGuard)
  @UseFilters(RenewalRefusedFilter)
  async renew(
    @ByLicense() claims: LicenseClaims,
    @IdempotencyKey() idempotencyKey: string,
    @JsonBody() { instance, version, dryRun = false, usage }: RenewalRequest,
  ): Promise<AttemptAnswer> {
    return this.renewals.renew({
      claims,
      instance: readRootUrl(instance),
      version,
      idempotencyKey,
      dryRun,
      usage,
    });
  }

  /** Liveness: depends on nothing. */
  @Get('healthz')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  live(): string {
    return 'Ok';
  }
}
