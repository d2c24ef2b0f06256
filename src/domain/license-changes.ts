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
  afterAll: LicenseClaims,
) => boolean;

const nothing = () => false;
const fewer = (before = 0, after = 0) => after < before;
/** 0 stands for no limit. */
const tighter = (before = 0, after = 0) => after > 0 && (before === 0 || after < before);

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
  included_users: fewer,
  included_admins: fewer,
  included_viewers: fewer,
  max_concurrent_user_sessions: tighter,
  anonymousRatio: fewer,
  usage_billing: nothing,
  trial: (_before, after = false) => after,
  trial_exp: (before = 0, after = 0, { trial = false }) => trial && (before === 0 || after < before),
  nbf: nothing,
  lexp: fewer,
  exp: fewer,
  lic_exp_warn_days: nothing,
  tok_exp_warn_days: nothing,
  update_days: nothing,
};

/**
 * In which terms two licenses differ: seats, products, dates and whose they are. Who signed them, for which address, and
 * which token of the license they are is no term.
 */
export function compareTerms(before: LicenseClaims, after: LicenseClaims): TermChange[] {
  return Object.entries(TERMS).flatMap(([name, takesAway]) => {
    const member = name as TermName;
    const [one, other] = [before[member], after[member]];
    if (isSame(one, other)) return [];
    const judge = takesAway as Judge<TermName>;
    return [
      {
        member,
        before: one ?? null,
        after: other ?? null,
        takesAway: judge(one, other, after),
      },
    ];
  });
}

/** Products are a set: neither their order nor a repetition says anything. */
function isSame(one: TermValue | undefined, other: TermValue | undefined): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return one.every((product) => other.includes(product)) && other.every((product) => one.includes(product));
}
