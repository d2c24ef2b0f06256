import { type Candidate, momentFor } from './license-choice.js';
import { firstMoment, judge, type LicensePolicy, LicenseStatus } from './license.js';

/** A span of time, Unix seconds, both ends included. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/**
 * Whether a license was valid lately: by an answer, or by one of two times alone (`doubtful`), or by both
 * (`sure`). They are the wall clock and the earlier time that counts for a while after the clock was set.
 */
export type Sighting = 'none' | 'doubtful' | 'sure';

/** When a license may have been sighted. */
export interface Times {
  /** By the wall clock, up to now. */
  readonly wall: Span;
  /** The earliest that this may have been; undefined as long as nothing is known of revocations. */
  readonly earliest: Span | undefined;
  /** Whether an answer found it valid, whenever. */
  readonly isAnswered: boolean;
}

/** A candidate whose source does not matter. */
type Known = Omit<Candidate, 'source'>;

/**
 * Whether a candidate is valid by itself at any second of a span: a valid license is so from its first moment
 * to its last.
 */
export function isValidWithin(candidate: Known, policy: LicensePolicy, { from, until }: Span): boolean {
  const { license, revokedAt } = candidate;
  const first = Math.max(momentFor(candidate, from), firstMoment(license.claims));
  if (!(first <= momentFor(candidate, until))) return false;
  return judge(license.claims, policy, first, revokedAt).status === LicenseStatus.Valid;
}

/** How a license was found in the time that it was shown. */
export function sightingOf(
  candidate: Known,
  policy: LicensePolicy,
  { wall, earliest, isAnswered }: Times,
): Sighting {
  const byWall = isValidWithin(candidate, policy, wall);
  const byEarliest = earliest !== undefined && isValidWithin(candidate, policy, earliest);
  if (byWall && byEarliest) return 'sure';
  return byWall || byEarliest || isAnswered ? 'doubtful' : 'none';
}

/**
 * Which licenses of a file or text are candidates at a moment: what it says, and what is remembered behind
 * it, until what it says has been valid itself. (The ones before are then forgotten, even where the new one
 * ends sooner.)
 *
 * @param licenses what the source says, and those before
 * @param presentSeconds the present moment, Unix seconds: nothing is forgotten before it
 * @param nowSeconds Unix seconds
 */
export function candidatesOfLocal<One extends Candidate>(
  licenses: readonly One[],
  policy: LicensePolicy,
  presentSeconds: number,
  nowSeconds: number,
): readonly One[] {
  const [said, ...before] = licenses;
  if (said === undefined || before.length === 0) return licenses;
  return isValidWithin(said, policy, { from: presentSeconds, until: nowSeconds }) ? [said] : licenses;
}

/**
 * What a file or text says, and what is remembered of what it said: the last license that was valid. It may
 * have become so at any moment since the last look, so what was shown until now is judged before it makes
 * way. A license that only a clock in doubt found valid does not displace the one before: neither is lost
 * when the clock is set right.
 */
export class SourceMemory<One extends object> {
  #shown: readonly One[] = [];
  #remembered: readonly One[] = [];

  /** What the source said at the last look, and what was remembered behind it. */
  get shown(): readonly One[] {
    return this.#shown;
  }

  /**
   * Takes a look.
   * @param said - what the source says now, if it can be used
   * @param sightingOf - how a license was found: since the last look, or at this moment alone
   * @returns what is to be shown from now on, as {@link candidatesOfLocal} takes it
   */
  look(
    said: One | undefined,
    sightingOf: (one: One, when: 'since-look' | 'now') => Sighting,
  ): readonly One[] {
    this.#remember((one) => sightingOf(one, 'since-look'));
    this.#show(said);
    this.#remember((one) => sightingOf(one, 'now'));
    this.#show(said);
    return this.#shown;
  }

  /** Takes back that the source ever said it. */
  forget(one: One): void {
    this.#shown = this.#shown.filter((other) => other !== one);
    this.#remembered = this.#remembered.filter((other) => other !== one);
  }

  #remember(sightingOf: (one: One) => Sighting): void {
    const [first, ...others] = this.#shown;
    const sighting = first === undefined ? 'none' : sightingOf(first);
    if (first === undefined || sighting === 'none') return;
    this.#remembered = sighting === 'sure' ? [first] : [first, ...others.slice(-1)];
  }

  #show(said: One | undefined): void {
    const before = this.#remembered.filter((one) => one !== said);
    this.#shown = said === undefined ? before : [said, ...before];
  }
}
