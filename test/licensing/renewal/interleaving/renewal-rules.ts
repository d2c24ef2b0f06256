import { ServiceError } from '../../../../src/domain/service-error.js';
import { LicenseStatus } from '../../../../src/domain/license/license.js';
import type { LicenseState } from '../../../../src/licensing/license/license-reader.js';
import type { Choice, Ending } from './explorer.js';

/** What replicas and the issuer have, at a moment; ids are named in the order in which they appear. */
export interface Shared {
  readonly license: {
    readonly generation: number;
    readonly revision: number;
    readonly lid: string | null;
    readonly jti: string | null;
    readonly iat: number | null;
    /** The license that waits for its term. */
    readonly queued: { readonly lid: string; readonly jti: string; readonly iat: number } | null;
  };
  /** Whether its term has begun. */
  readonly hasBegun: boolean;
  readonly revocations: number;
  readonly attempts: readonly {
    readonly id: string;
    readonly jti: string;
    readonly over: boolean;
    readonly outcome: string | null;
    readonly holder: string | null;
    readonly leased: boolean;
    readonly calls: number;
    readonly answered: number;
  }[];
  readonly plan: object;
  /** The actions that were recorded; `license.dequeue` with its reason and the `jti`. */
  readonly audit: readonly string[];
  readonly issuer: {
    /** By `Idempotency-Key`. */
    readonly issued: Readonly<Record<string, string>>;
    /** The key of each request. */
    readonly asked: readonly string[];
    /** Requests without an answer. */
    readonly waiting: number;
    readonly revoked: boolean;
  };
}

/** A step, and what is known of who did it. */
export interface Stepped {
  readonly choice: Choice;
  readonly was: Shared;
  readonly is: Shared;
  /** The license as this renewal read it. */
  readonly read: Shared['license'] | undefined;
  /** Who is behind each holder of a lease. */
  readonly holders: ReadonlyMap<string, string>;
  readonly leasesRunOut: number;
}

/** What a renewal or a change may fail with, at any time. */
const PLAIN = [
  'license.changed',
  'license.not-found',
  'license.stale',
  'database.unavailable',
  'issuer.unavailable',
];

/** What is wrong with one step. */
export function stepFaults(step: Stepped): string[] {
  return [...licenseFaults(step), ...attemptFaults(step), ...issuerFaults(step)];
}

function licenseFaults({ choice, was, is, read }: Stepped): string[] {
  const [before, after] = [was.license, is.license];
  const all = is.audit.slice(was.audit.length);
  // A wait that ends without a takeover has a record of its own, of the same write.
  const recorded = all.filter((one) => !isEnd(one));
  if (JSON.stringify(before) === JSON.stringify(after)) {
    return all.length === 0 ? [] : ['a change is recorded that is none'];
  }
  // Who changes the license first puts the next term's in its place, when that has begun.
  const isPromoted = recorded[0] === 'license.promote';
  const base = isPromoted ? before.queued : before;
  const [action = 'license.promote', ...more] = isPromoted ? recorded.slice(1) : recorded;
  const faults = more.length > 0 || recorded.length === 0 ? ['a change does not have one record'] : [];
  if (after.revision !== before.revision + recorded.length)
    faults.push('the revision does not count the writes');
  if (isPromoted && !was.hasBegun) faults.push('the next term began too early');
  const raised = after.generation - before.generation;
  const raises = action === 'license.remove' || action === 'license.revoke';
  if (raised !== (raises ? 1 : 0))
    faults.push(`the generation went from ${before.generation} to ${after.generation}`);
  if (action === 'license.remove' && after.jti !== null) faults.push('a removal left a license');
  if (action === 'license.revoke' && after.jti !== before.jti)
    faults.push('a revocation changed the license');
  if (action === 'license.promote' && after.jti !== before.queued?.jti)
    faults.push('what was put in its place had not waited for its term');
  const mayPass =
    was.hasBegun &&
    action === 'license.install' &&
    isBeside(before, before.queued) &&
    !isBeside(after, before.queued);
  if (
    before.queued !== null &&
    after.queued === null &&
    !isPromoted &&
    action !== 'license.remove' &&
    !mayPass
  )
    faults.push(`${action} lost the license of the next term`);
  const ends = isPromoted ? [] : endsOf(before, after, action);
  const expected = [...recorded.slice(0, -1), ...ends, ...recorded.slice(-1)];
  if (JSON.stringify(all) !== JSON.stringify(expected))
    faults.push(`recorded is ${all.join(', ')} instead of ${expected.join(', ')}`);
  // Going back is what somebody says, and no one else does; another license has dates of its own.
  const goesBack = action === 'license.rollback' && choice.who === 'rollback';
  const isSameLicense = after.lid === base?.lid;
  if (!goesBack && isSameLicense && (after.iat ?? 0) < (base?.iat ?? 0))
    faults.push('an older token is over a newer one');
  if (action === 'license.renew') {
    if (before.jti === null) faults.push('a renewal stored a license where none was');
    if (!isSameLicense) faults.push('a renewal stored another license');
    if (base?.jti === 'next' && read?.jti !== 'next')
      faults.push('a renewal from before the next term is stored over its license');
    if (read?.generation !== before.generation)
      faults.push('a renewal from before a removal changed the license');
    if (read?.lid === before.lid && (before.iat ?? 0) < (read?.iat ?? 0))
      faults.push('a renewal from before a rollback is stored over it');
  } else if (choice.who.startsWith('renewal') && action !== 'license.revoke' && !isPromoted) {
    faults.push(`a renewal did ${action}`);
  }
  return faults;
}

/** The record that a wait which ends by this action must have; none of one that goes on. */
function endsOf({ queued }: Shared['license'], after: Shared['license'], action: string): string[] {
  if (queued === null || queued.jti === after.queued?.jti) return [];
  const reasons = new Map([
    ['license.remove', 'removed'],
    ['license.queue', 'replaced'],
  ]);
  const otherwise = after.jti === queued.jti ? 'installed' : 'passed-by';
  return [`license.dequeue ${reasons.get(action) ?? otherwise} ${queued.jti}`];
}

function isEnd(record: string): boolean {
  return record.startsWith('license.dequeue ');
}

/** Whether what is stored is a newer token of the license that waits: it goes on, and the waiting one follows. */
function isBeside({ lid, iat }: Shared['license'], queued: Shared['license']['queued']): boolean {
  return queued !== null && lid === queued.lid && (iat ?? 0) > queued.iat;
}

function attemptFaults({ choice, was, is, holders }: Stepped): string[] {
  const begun = is.attempts.filter(({ id }) => !was.attempts.some((known) => known.id === id));
  const held = [was.license.jti, was.hasBegun ? was.license.queued?.jti : null];
  const faults = begun
    .filter(({ jti }) => !held.includes(jti))
    .map(({ jti }) => `an attempt was begun for ${jti}, which is not held any more`);
  for (const before of was.attempts) {
    const after = is.attempts.find(({ id }) => id === before.id);
    if (after === undefined) faults.push('an attempt is gone');
    else if (before.over && !isSame(before, after)) faults.push('an attempt that was over changed');
    else if (after.calls < before.calls || after.answered < before.answered)
      faults.push('an attempt went back');
    else if (before.holder !== null && after.holder === null && holders.get(before.holder) !== choice.who) {
      faults.push(`${choice.who} gave back the lease of ${holders.get(before.holder)}`);
    }
  }
  return faults;
}

/** That a lease runs out is no change. */
function isSame(a: Shared['attempts'][number], b: Shared['attempts'][number]): boolean {
  return JSON.stringify({ ...a, leased: false }) === JSON.stringify({ ...b, leased: false });
}

function issuerFaults({ is: { issuer, attempts, hasBegun }, leasesRunOut }: Stepped): string[] {
  const faults = [];
  for (const key of new Set(issuer.asked)) {
    const attempt = attempts.find(({ id }) => id === key);
    const times = issuer.asked.filter((other) => other === key).length;
    if (attempt === undefined) faults.push('the issuer was asked without an attempt');
    else if (attempt.calls < times)
      faults.push(`the issuer was asked ${times} times in ${attempt.calls} calls`);
  }
  // One for each license, and that of the next term is another one.
  if (issuer.waiting > (hasBegun ? 2 : 1) + leasesRunOut) faults.push(`${issuer.waiting} calls at a time`);
  return faults;
}

/**
 * What is wrong with how somebody ended.
 * @param seen - every state on the way, the first one included
 * @param untroubled - nothing went wrong so far, and nobody changed the license but renewals
 */
export function endFaults(
  name: string,
  ending: Ending,
  seen: readonly Shared[],
  untroubled: boolean,
): string[] {
  if (ending === 'killed') return [];
  if (ending.kind === 'rejected') {
    const code = codeOf(ending.error);
    if (untroubled) return [`${name} failed with ${code} though nothing went wrong`];
    const revoked = seen.at(-1)?.issuer.revoked === true;
    const allowed = revoked ? [...PLAIN, 'issuer.refused', 'issuer.bad-response'] : PLAIN;
    return allowed.includes(code) ? [] : [`${name} failed with ${code}`];
  }
  // Who puts one into the queue is told of that.
  const mayWait = name === 'upload';
  const held = new Set(
    seen.flatMap(({ license, hasBegun }) => [
      license.jti,
      ...(hasBegun || mayWait ? [license.queued?.jti] : []),
    ]),
  );
  if (name === 'promotion') return [];
  if (name === 'removal') return held.has(null) ? [] : ['a removal was acknowledged, and never happened'];
  const jti = (ending.value as LicenseState).claims?.jti ?? null;
  return held.has(jti) ? [] : [`${name} was told of ${jti}, which was never stored`];
}

/** What is wrong with a renewal after everything, when every lease has run out. */
export function recoveryFaults(next: Ending, was: Shared, is: Shared): string[] {
  const { jti } = was.hasBegun && was.license.queued !== null ? was.license.queued : was.license;
  const open = is.attempts.filter((attempt) => !attempt.over && attempt.jti === jti);
  const faults = open.length === 0 ? [] : ['the next renewal left the attempt open'];
  const expected = jti === null ? 'license.not-found' : was.issuer.revoked ? 'issuer.refused' : 'valid';
  const found = outcomeOf(next);
  if (found !== expected) faults.push(`the next renewal came to ${found} instead of ${expected}`);
  if (is.license.lid === was.license.lid && (is.license.iat ?? 0) < (was.license.iat ?? 0))
    faults.push('the next renewal stored an older token');
  const recorded = is.audit.slice(was.audit.length);
  if (was.license.queued !== null && is.license.queued === null && !recorded.includes('license.promote'))
    faults.push('the next renewal lost the license of the next term');
  if (recorded.some(isEnd)) faults.push('the next renewal ended a wait');
  return faults;
}

function outcomeOf(ending: Ending): string {
  if (ending === 'killed') return ending;
  if (ending.kind === 'rejected') return codeOf(ending.error);
  return (ending.value as LicenseState).status === LicenseStatus.Valid ? 'valid' : 'not valid';
}

function codeOf(error: unknown): string {
  return error instanceof ServiceError ? error.code : String(error);
}
