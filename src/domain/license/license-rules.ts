import type { LicenseClaims } from './license-claims.js';
import { isRootUrl, type RootUrl } from '../root-url.js';

/** The `status` of a license, as the HTTP API numbers it. */
export const LicenseStatus = {
  NotLoaded: 0,
  Valid: 1,
  Loaded: 2,
  Invalid: 3,
  NotFound: 4,
  Expired: 5,
  InvalidSubject: 6,
} as const;

export type LicenseStatus = (typeof LicenseStatus)[keyof typeof LicenseStatus];

/** Which licenses an instance takes. */
export interface LicensePolicy {
  /** The `iss` of its licenses, compared exactly. */
  readonly issuer: string;
  /** The address that its licenses are for. */
  readonly rootUrl: RootUrl;
  /** A license names one of these, or more, in `prod`. */
  readonly products: readonly string[];
}

/** Whether a license is valid, and if not, the first rule that it breaks. */
export type Verdict =
  | { readonly status: typeof LicenseStatus.Valid; readonly code?: undefined; readonly message: string }
  | {
      readonly status:
        typeof LicenseStatus.Invalid | typeof LicenseStatus.Expired | typeof LicenseStatus.InvalidSubject;
      readonly code:
        | 'license.invalid'
        | 'license.untrusted'
        | 'license.not-active'
        | 'license.subject-mismatch'
        | 'license.expired';
      /** One sentence. */
      readonly message: string;
    };

/** How far `nbf` and `iat` may lie ahead, in seconds: clocks differ. `exp` and `lexp` have no leeway. */
export const CLOCK_LEEWAY = 10;

/** The rules that depend on the moment and the instance, in their order; most are named after their claim. */
export type RuleName = 'iss' | 'sub' | 'nbf' | 'iat' | 'lexp' | 'exp' | 'revocation' | 'prod';

/** What a claim can be, or be held against; undefined where there is nothing. */
export type Comparable = string | number | readonly string[] | undefined;

type Refusal = Exclude<Verdict, { readonly status: typeof LicenseStatus.Valid }>;

/** What the rules look at. */
export interface Facts {
  readonly claims: LicenseClaims;
  readonly policy: LicensePolicy;
  /** Unix seconds. */
  readonly now: number;
  /** The `iat` of a verified revocation of this `lid`, Unix seconds, if there is one. */
  readonly revokedAt: number | undefined;
  /** How far `nbf` may lie ahead, seconds: {@link CLOCK_LEEWAY} unless the license waits in the queue. */
  readonly leeway: number;
}

/** A rule of `docs/tokens.md`, section 3: a claim, what it is held against, and whether they agree. */
interface Rule<Value extends Comparable, Bound extends Comparable> {
  readonly name: RuleName;
  readonly value: (claims: LicenseClaims) => Value;
  readonly against: (facts: Facts) => Bound;
  readonly agree: (value: Value, bound: Bound) => boolean;
  /** One sentence for when they do. */
  readonly kept: string;
  readonly refusal: Refusal;
}

const latestStart = ({ now }: Facts): number => now + CLOCK_LEEWAY;
const { Invalid, Expired, InvalidSubject } = LicenseStatus;

/** Times are compared so that a moment that is no number makes nothing valid. */
export const RULES = [
  rule({
    name: 'iss',
    value: ({ iss }) => iss,
    against: ({ policy }) => policy.issuer,
    agree: (iss, issuer) => iss === issuer,
    kept: 'The license is by the configured issuer.',
    refusal: {
      status: Invalid,
      code: 'license.untrusted',
      message: 'The license is by another issuer: its "iss" is not the configured one.',
    },
  }),
  rule({
    name: 'sub',
    value: ({ sub }) => sub,
    against: ({ policy }) => policy.rootUrl.canonical,
    agree: (sub, canonical) => isRootUrl(sub, { canonical }),
    kept: 'The license is for this instance: its "sub" is the root URL.',
    refusal: {
      status: InvalidSubject,
      code: 'license.subject-mismatch',
      message: 'The license is for another instance: its "sub" is not the root URL.',
    },
  }),
  rule({
    name: 'nbf',
    value: ({ nbf }) => nbf,
    against: ({ now, leeway }) => now + leeway,
    agree: (nbf, latest) => nbf === undefined || nbf <= latest,
    kept: 'The license is active: no "nbf" lies ahead.',
    refusal: {
      status: Invalid,
      code: 'license.not-active',
      message: 'The license is not active yet: its "nbf" lies ahead.',
    },
  }),
  rule({
    name: 'iat',
    value: ({ iat }) => iat,
    against: latestStart,
    agree: (iat, latest) => iat <= latest,
    kept: 'The license token is active: its "iat" does not lie ahead.',
    refusal: {
      status: Invalid,
      code: 'license.not-active',
      message: 'The license token is not active yet: its "iat" lies ahead.',
    },
  }),
  rule({
    name: 'lexp',
    value: ({ lexp }) => lexp,
    against: ({ now }) => now,
    agree: (lexp, now) => lexp > now,
    kept: 'The license lasts: its "lexp" lies ahead.',
    refusal: {
      status: Expired,
      code: 'license.expired',
      message: 'The license has expired: its "lexp" has passed.',
    },
  }),
  rule({
    name: 'exp',
    value: ({ exp }) => exp,
    against: ({ now }) => now,
    agree: (exp, now) => exp > now,
    kept: 'The license token lasts: its "exp" lies ahead.',
    refusal: {
      status: Expired,
      code: 'license.expired',
      message: 'The license token has expired: its "exp" has passed.',
    },
  }),
  rule({
    name: 'revocation',
    value: ({ iat }) => iat,
    against: ({ revokedAt }) => revokedAt,
    agree: (iat, revokedAt) => revokedAt === undefined || iat > revokedAt,
    kept: 'No revocation of the license is as new as its "iat".',
    refusal: {
      status: Invalid,
      code: 'license.invalid',
      message: 'The license was revoked by its issuer.',
    },
  }),
  rule({
    name: 'prod',
    value: ({ prod }) => prod,
    against: ({ policy }) => policy.products,
    agree: (prod, products) => prod.some((product) => products.includes(product)),
    kept: 'The license is for this product: its "prod" names it.',
    refusal: {
      status: Invalid,
      code: 'license.invalid',
      message: 'The license is for another product: its "prod" names none of this one.',
    },
  }),
];

/** The rule with the comparison bound to it: who judges and who traces cannot look at different values. */
function rule<Value extends Comparable, Bound extends Comparable>(rule: Rule<Value, Bound>) {
  const { value, against, agree } = rule;
  return { ...rule, holds: (facts: Facts) => agree(value(facts.claims), against(facts)) };
}
