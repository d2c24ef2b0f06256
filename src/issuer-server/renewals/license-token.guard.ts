import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
} from '@nestjs/common';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import { ServiceError } from '../../domain/service-error.js';
import { contextOf } from '../../http/request-context.js';
import { RenewalRefusedError } from './renewal-refused-error.js';
import { SigningKeys } from '../keys/signing-keys.js';
import { UnreadBodies } from './unread-bodies.js';
import { VerifiedTokens } from './verified-tokens.js';

const CLAIMS = Symbol('LicenseClaims');
type Carrier = IncomingMessage & { [CLAIMS]?: LicenseClaims };

/** The claims of the license token that {@link LicenseTokenGuard} let in. */
export const ByLicense = createParamDecorator((_: unknown, context: ExecutionContext): LicenseClaims => {
  const claims = context.switchToHttp().getRequest<Carrier>()[CLAIMS];
  if (claims === undefined) throw new Error('the handler has no LicenseTokenGuard');
  return claims;
});

/**
 * Admits a caller with a license token that this issuer signed, in the one `Authorization` header. The token may have
 * expired: the database decides what happens to its license.
 */
@Injectable()
export class LicenseTokenGuard implements CanActivate {
  constructor(
    private readonly keys: SigningKeys,
    private readonly verified: VerifiedTokens,
    private readonly unread: UnreadBodies,
    @Inject(ISSUER_SERVER_CONFIG) private readonly config: IssuerServerConfig,
  ) {}

  /** @throws RenewalRefusedError `token_unknown` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Carrier>();
    const claims = await this.#authenticate(bearerToken(request));
    request[CLAIMS] = claims;
    contextOf(request).callerId = `license:${claims.lid}`;
    this.#boundBody(request, context.switchToHttp().getResponse<ServerResponse>(), claims.lid);
    return true;
  }

  /** From here on the body is waited for. */
  #boundBody(request: IncomingMessage, response: ServerResponse, lid: string): void {
    const remove = this.unread.add(lid, () => {
      // What is still to come of the body is not read.
      response.setHeader('Connection', 'close');
      contextOf(request).refuseBody?.(new RenewalRefusedError('too_many_requests'));
    });
    request.once('end', remove);
    request.once('close', remove);
    contextOf(request).release = remove;
  }

  async #authenticate(token: string): Promise<LicenseClaims> {
    try {
      const claims = await this.verified.claimsOf(token, this.keys.keySet);
      if (claims.iss === this.config.issuerId) return claims;
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code === 'database.unavailable') throw error;
      throw new RenewalRefusedError('token_unknown', undefined, error);
    }
    throw new RenewalRefusedError('token_unknown', undefined, new Error('its "iss" is not ISSUER_ID'));
  }
}

/** RFC 6750, section 2.1; of two headers nobody could say which one counts. */
function bearerToken({ headersDistinct }: IncomingMessage): string {
  const headers = headersDistinct.authorization ?? [];
  const token = headers.length === 1 ? /^Bearer +(\S+)$/i.exec(headers[0] ?? '')?.[1] : undefined;
  if (token === undefined) {
    throw new RenewalRefusedError('token_unknown', undefined, new Error('there is not one bearer token'));
  }
  return token;
}
