import { createHash, randomUUID } from 'node:crypto';
import { parseRootUrl, RootUrlError } from '../../domain/root-url.js';
import { canonicalJson, type JsonObject } from '../../domain/token/strict-json.js';
import { invalidTerms } from '../issuer-server-error.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import { completeTerms, type LicenseTerms } from './license-terms.js';

/** A `lid` of ours is plain: it is typed on command lines, shown in logs, and a part of addresses. */
const LID = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;

/**
 * The license of some terms.
 * @param now - Unix seconds
 * @throws IssuerServerError
 */
export function newLicense(terms: LicenseTerms, now: number, createdAt: Date): IssuedLicenseEntity {
  const complete = completeTerms(terms);
  const lid = complete.lid ?? randomUUID();
  if (!LID.test(lid)) {
    throw invalidTerms(
      'lid',
      'The id of a license must have 1 to 128 of the characters A-Z a-z 0-9 . _ : and -, and be neither "." nor "..".',
    );
  }
  const nbf = complete.starts ?? now;
  return {
    lid,
    status: 'active',
    sub: canonicalSubject(complete.sub),
    prod: [...complete.products],
    company: complete.company,
    includedUsers: complete.includedUsers,
    includedAdmins: complete.includedAdmins,
    includedViewers: complete.includedViewers,
    anonymousRatio: complete.anonymousRatio,
    maxSessions: complete.maxSessions,
    usageBilling: complete.usageBilling,
    seatPolicy: complete.seatPolicy,
    nbf,
    lexp: nbf + complete.licenseSeconds,
    tokenSeconds: complete.tokenSeconds,
    licExpWarnDays: complete.licenseWarnDays,
    tokExpWarnDays: complete.tokenWarnDays,
    updateDays: complete.updateDays,
    lastIat: now,
    lastToken: null,
    aheadIat: null,
    revokedAt: null,
    createdAt,
    issueDigest: digestOf(terms),
  };
}

/** The same for the same terms, in any order. */
function digestOf(terms: LicenseTerms): string {
  const said = JSON.parse(JSON.stringify(terms)) as JsonObject;
  return createHash('sha256').update(canonicalJson(said)).digest('hex');
}

function canonicalSubject(sub: string): string {
  try {
    return parseRootUrl(sub).canonical;
  } catch (error) {
    if (error instanceof RootUrlError) throw invalidTerms('sub', error.message, error);
    throw error;
  }
}
