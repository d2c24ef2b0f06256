import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { EntityManager } from 'typeorm';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { toSeconds } from '../../domain/clock.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import type { NewestToken } from './next-token.js';
import { SigningKeys } from '../keys/signing-keys.js';

/** A token of a license, with its times in Unix seconds. */
export interface SignedLicense {
  readonly token: string;
  readonly jti: string;
  /** Of the key that signed it. */
  readonly kid: string;
  readonly iat: number;
  readonly exp: number;
}

/** Puts a license's terms into signed form. It keeps nothing, and asks nobody whether it may. */
@Injectable()
export class LicenseSigner {
  constructor(
    private readonly keys: SigningKeys,
    @Inject(ISSUER_SERVER_CONFIG) private readonly config: IssuerServerConfig,
  ) {}

  /**
   * A new token. It ends with the license at the latest; one that is given before the license begins lasts
   * from then on.
   * @param iat - Unix seconds; greater than that of every token of this license before
   */
  async license(manager: EntityManager, license: IssuedLicenseEntity, iat: number): Promise<SignedLicense> {
    const claims = this.#claims(license, iat);
    const { text, kid } = await this.keys.sign(manager, 'license+jwt', claims);
    return { token: text, jti: claims.jti, kid, iat, exp: claims.exp };
  }

  /** The newest token of a license, where it is known. */
  newest(license: IssuedLicenseEntity): NewestToken | undefined {
    const { lastToken: token, lastIat, createdAt } = license;
    if (token === null || !this.isVerifiable(token)) return undefined;
    const { jti: _, ...terms } = decodeJwt<NewestToken>(token);
    // A release before this column gives tokens without noting them here.
    if (terms.iat !== lastIat) return undefined;
    const { jti: __, ...present } = this.#claims(license, lastIat);
    const isFirst = lastIat <= toSeconds(createdAt.getTime());
    return { ...terms, token, isCurrent: isDeepStrictEqual(terms, present), isFirst };
  }

  /** Whether the key of a token that was given is still in the key set: a retired one may have leaked. */
  isVerifiable(token: string): boolean {
    const { kid = '' } = decodeProtectedHeader(token);
    return this.keys.keySet.find(kid) !== undefined;
  }

  /** The statement that revokes every token of the license with this `iat` or an earlier one. */
  async revocation(manager: EntityManager, lid: string, iat: number): Promise<string> {
    const claims = { iss: this.config.issuerId, lid, iat };
    return (await this.keys.sign(manager, 'license-revocation+jwt', claims)).text;
  }

  #claims(license: IssuedLicenseEntity, iat: number) {
    return {
      iss: this.config.issuerId,
      sub: license.sub,
      jti: randomUUID(),
      lid: license.lid,
      iat,
      exp: Math.min(Math.max(iat, license.nbf) + license.tokenSeconds, license.lexp),
      nbf: license.nbf,
      lexp: license.lexp,
      prod: license.prod,
      ...(license.company === null ? {} : { company: license.company }),
      ...(license.includedUsers === null ? {} : { included_users: license.includedUsers }),
      ...(license.includedAdmins === null ? {} : { included_admins: license.includedAdmins }),
      ...(license.includedViewers === null ? {} : { included_viewers: license.includedViewers }),
      ...(license.anonymousRatio === null ? {} : { anonymousRatio: license.anonymousRatio }),
      ...(license.maxSessions === null ? {} : { max_concurrent_user_sessions: license.maxSessions }),
      ...(license.usageBilling ? { usage_billing: true } : {}),
      ...(license.seatPolicy === null ? {} : { seat_policy: license.seatPolicy }),
      lic_exp_warn_days: license.licExpWarnDays,
      tok_exp_warn_days: license.tokExpWarnDays,
      update_days: license.updateDays,
    };
  }
}
