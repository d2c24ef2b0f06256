import { toSeconds } from '../../domain/clock.js';
import type { LicenseEventEntity } from '../licenses/license-event.entity.js';
import type { LicenseOverview } from '../licenses/license-overview.js';

/** What `list` and `show` tell a program; times in Unix seconds, terms by the names of the claims. */
export function publicView({ license, iss, lastToken, lastRenewal, nextEnd }: LicenseOverview) {
  return {
    iss,
    lid: license.lid,
    status: license.status,
    sub: license.sub,
    prod: license.prod,
    company: license.company,
    included_users: license.includedUsers,
    included_admins: license.includedAdmins,
    included_viewers: license.includedViewers,
    anonymousRatio: license.anonymousRatio,
    max_concurrent_user_sessions: license.maxSessions,
    usage_billing: license.usageBilling,
    seat_policy: license.seatPolicy,
    nbf: license.nbf,
    lexp: license.lexp,
    token_seconds: license.tokenSeconds,
    lic_exp_warn_days: license.licExpWarnDays,
    tok_exp_warn_days: license.tokExpWarnDays,
    update_days: license.updateDays,
    last_iat: lastToken?.iat ?? null,
    last_exp: lastToken?.exp ?? null,
    last_renewal: lastRenewal,
    next_end: nextEnd,
    revoked_at: license.revokedAt,
  };
}

/** What `history` tells a program; times in Unix seconds. */
export function publicEvent({
  at,
  kind,
  actor,
  instance,
  version,
  jti,
  kid,
  iat,
  exp,
  detail,
}: LicenseEventEntity) {
  return { at: toSeconds(at.getTime()), kind, actor, instance, version, jti, kid, iat, exp, changes: detail };
}
