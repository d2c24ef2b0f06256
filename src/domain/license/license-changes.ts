import { canonicalJson, type JsonValue } from '../token/strict-json.js';
import { readSeatPolicy, type SeatPolicy } from '../usage/seat-policy.js';
import type { LicenseClaims } from './license-claims.js';

/** One term that differs between two licenses. */
export interface TermChange {
  /** The claim. */
  readonly member: TermName;
  /** As the license says it; null where it does not. */
  readonly before: TermValue | null;
  readonly after: TermValue | null;
  /** Whether something that could be used before could not be used afterwards, or not as long. */
  readonly takesAway: boolean;
}

export type TermValue = string | number | boolean | readonly string[];

type TermName = Exclude<keyof LicenseClaims, 'iss' | 'sub' | 'jti' | 'iat'>;

type Judge<Name extends TermName> = (
  before: LicenseClaims[Name] | undefined,
  after: LicenseClaims[Name] | undefined,
  beforeAll: LicenseClaims,
  afterAll: LicenseClaims,
) => boolean;

const nothing = () => false;
const earlier = (before = 0, after = 0) => after < before;
/** 0 and nothing stand for no limit. */
const tighter = (before = 0, after = 0) => after > 0 && (before === 0 || after < before);

/** Seats by role count where the license names any, and no number for all users. */
const seatsByRole = (
  { included_users: all = 0, included_admins, included_viewers }: LicenseClaims,
  role: 'included_admins' | 'included_viewers',
): number | undefined => {
  if (all > 0 || (included_admins === undefined && included_viewers === undefined)) return undefined;
  return (role === 'included_admins' ? included_admins : included_viewers) ?? 0;
};
const hasSeatsByRole = (claims: LicenseClaims) => seatsByRole(claims, 'included_admins') !== undefined;
const fewerOfRole =
  (role: 'included_admins' | 'included_viewers'): Judge<typeof role> =>
  (_before, _after, beforeAll, afterAll) => {
    const [before = Infinity, after = Infinity] = [seatsByRole(beforeAll, role), seatsByRole(afterAll, role)];
    return after < before;
  };
/**
 * A number for all after numbers by role is another limit, and so is the reverse: neither is certainly not a
 * tighter one.
 */
const fewerUsers: Judge<'included_users'> = (before = 0, after = 0, _beforeAll, afterAll) =>
  after > 0 ? before === 0 || after < before : before > 0 && hasSeatsByRole(afterAll);
/** Where use above the seats is billed, it is not refused. */
const noLongerBilled: Judge<'usage_billing'> = (before = false, after = false, _beforeAll, afterAll) =>
  before && !after && ((afterAll.included_users ?? 0) > 0 || hasSeatsByRole(afterAll));
/** How many above the limit a policy lets in, per cent. */
const percentAbove = ({ mode, tolerancePercent }: SeatPolicy): number =>
  mode === 'active-only' ? 0 : mode === 'tolerance' ? tolerancePercent : Infinity;
const stricterSeats: Judge<'seat_policy'> = (_before, _after, beforeAll, afterAll) => {
  const [before, after] = [readSeatPolicy(beforeAll).policy, readSeatPolicy(afterAll).policy];
  const hasLimit = (afterAll.included_users ?? 0) > 0 || hasSeatsByRole(afterAll);
  return (
    hasLimit &&
    (percentAbove(after) < percentAbove(before) || (before.leave === 'free' && after.leave === 'keep'))
  );
};
const endOfTrial = ({ trial = false, trial_exp = 0 }: LicenseClaims) => (trial ? trial_exp : 0);

/** Every term, in the order in which differences are listed, with what takes something away. */
const TERMS: { readonly [Name in TermName]: Judge<Name> } = {
  lid: nothing,
  company: nothing,
  account: nothing,
  slug: nothing,
  details_url: nothing,
  prod: (before = [], after = []) => before.some((product) => !after.includes(product)),
  // What a license is limited by is another matter each time: only no limit is certainly not a tighter one.
  limit_by: (before = '', after = '') => after !== '' && after !== before,
  included_users: fewerUsers,
  included_admins: fewerOfRole('included_admins'),
  included_viewers: fewerOfRole('included_viewers'),
  max_concurrent_user_sessions: tighter,
  // So many devices count as one user; where there is no ratio none of them does.
  anonymousRatio: tighter,
  usage_billing: noLongerBilled,
  seat_policy: stricterSeats,
  trial: (_before, after = false) => after,
  trial_exp: (_before, _after, before, after) => tighter(endOfTrial(before), endOfTrial(after)),
  nbf: nothing,
  lexp: earlier,
  exp: earlier,
  lic_exp_warn_days: nothing,
  tok_exp_warn_days: nothing,
  update_days: nothing,
};

/**
 * In which terms two licenses differ: seats, products, dates and whose they are. Who signed them, for which
 * address, and which token of the license they are is no term.
 */
export function compareTerms(before: LicenseClaims, after: LicenseClaims): TermChange[] {
  return Object.entries(TERMS).flatMap(([name, takesAway]) => {
    const member = name as TermName;
    const [one, other] = [valueOf(before, member), valueOf(after, member)];
    if (isSame(one, other)) return [];
    const judge = takesAway as Judge<TermName>;
    return [
      {
        member,
        before: one ?? null,
        after: other ?? null,
        takesAway: judge(before[member], after[member], before, after),
      },
    ];
  });
}

/** A claim that can be any JSON is compared and shown as its canonical text. */
function valueOf(claims: LicenseClaims, member: TermName): TermValue | undefined {
  if (member !== 'seat_policy') return claims[member];
  const value: JsonValue | undefined = claims[member];
  return value === undefined ? undefined : canonicalJson(value);
}

/** Products are a set: neither their order nor a repetition says anything. */
function isSame(one: TermValue | undefined, other: TermValue | undefined): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return one.every((product) => other.includes(product)) && other.every((product) => one.includes(product));
}
