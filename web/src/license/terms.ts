import type { Api } from '#client';
import { isShowable, type Moment, utcTime } from '../moments.js';
import { TEXTS } from '../texts.js';

/** Claims that are moments. 0 means that the license does not say. */
const MOMENTS = new Set(['iat', 'exp', 'nbf', 'lexp', 'trial_exp']);

/** A moment that a license says in one term; undefined where it says none. */
export function termMoment(member: string, value: Api.TermValue): Moment | undefined {
  return MOMENTS.has(member) && typeof value === 'number' && value !== 0 && isShowable(value)
    ? value
    : undefined;
}

/** What a license says in one term, in words; moments in UTC. */
export function termText(member: string, value: Api.TermValue): string {
  const at = termMoment(member, value);
  if (at !== undefined) return utcTime(at);
  if (value === null || value === '' || (MOMENTS.has(member) && value === 0)) return TEXTS.license.unsaid;
  if (Array.isArray(value)) return value.length === 0 ? TEXTS.license.unsaid : value.join(', ');
  if (typeof value === 'boolean') return value ? TEXTS.license.yes : TEXTS.license.no;
  return String(value);
}

/** The name of a term for people. A term that the page does not know has the name of its claim. */
export function termName(member: string): string {
  return Object.hasOwn(TEXTS.license.terms, member)
    ? TEXTS.license.terms[member as keyof typeof TEXTS.license.terms]
    : member;
}

/** What installing would come to, and what the page offers: nothing where the service would refuse it. */
export interface Proposal {
  readonly offer: 'install' | 'queue' | undefined;
  /** What it takes away: each must be acknowledged before it is sent. */
  readonly losses: readonly Api.TermChange[];
}

export function proposalOf({ accepted, outcome, changes }: Api.Inspection): Proposal {
  const offer = accepted && (outcome === 'install' || outcome === 'queue') ? outcome : undefined;
  return { offer, losses: offer === undefined ? [] : changes.filter(({ takesAway }) => takesAway) };
}

/** The terms of a license that a reader looks for first. What it leaves out is left out. */
export function mainTerms(token: Api.Token): readonly (readonly [string, Api.TermValue])[] {
  const { company, account, lid, jti, sub, prod, included_users, nbf, lexp, exp, trial } = token;
  const rows: readonly (readonly [string, Api.TermValue])[] = [
    ['company', company],
    ['account', account],
    ['lid', lid],
    ['jti', jti],
    ['sub', sub],
    ['prod', prod],
    ['included_users', included_users === 0 ? null : included_users],
    ['nbf', nbf],
    ['lexp', lexp],
    ['exp', exp],
    ['trial', trial ? true : null],
  ];
  return rows.filter(([member, value]) => termText(member, value) !== TEXTS.license.unsaid);
}

/** Which license would stand in the place of which, each with its company; undefined for the same one or the first. */
export function anotherLicense(
  changes: readonly Api.TermChange[],
): { readonly before: string; readonly after: string } | undefined {
  const changed = (member: string) => changes.find((change) => change.member === member);
  const [lid, company] = [changed('lid'), changed('company')];
  if (lid === undefined || termText('lid', lid.before) === TEXTS.license.unsaid) return undefined;
  const named = (side: 'before' | 'after') =>
    company === undefined
      ? termText('lid', lid[side])
      : `${termText('lid', lid[side])} (${termText('company', company[side])})`;
  return { before: named('before'), after: named('after') };
}
