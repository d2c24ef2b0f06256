import type { KnownSubject } from './admission.js';
import type { SubjectRole } from './subject.js';
import { dayOf } from './usage-window.js';

/** What is kept of a subject. Days are UTC days since 1970, moments Unix seconds. */
export interface SubjectRecord {
  readonly role: SubjectRole;
  readonly firstDay: number;
  readonly lastDay: number;
  /** Of when the role is. */
  readonly roleAt: number;
  /** When it left and freed its seat; undefined for one that did not, or came back. */
  readonly freedAt: number | undefined;
}

/** Reports of one subject, put together. */
export interface Sighting {
  /** The latest. */
  readonly role: SubjectRole;
  /** The earliest and the latest report, Unix seconds. */
  readonly from: number;
  readonly at: number;
  /** Whether it was let in: that takes a seat, also in the second in which it left. */
  readonly isAdmission?: boolean;
}

/** Puts two reports of one subject together. At a tie the role of `later` counts. */
export function mergeSightings(earlier: Sighting | undefined, later: Sighting): Sighting {
  if (earlier === undefined) return later;
  return {
    role: later.at >= earlier.at ? later.role : earlier.role,
    from: Math.min(earlier.from, later.from),
    at: Math.max(earlier.at, later.at),
  };
}

/**
 * What a deletion leaves of reports: those of later moments.
 * @param until - the last moment whose reports are dropped, Unix seconds; undefined for a subject that was not deleted
 */
export function afterDeletion(sighting: Sighting, until: number | undefined): Sighting | undefined {
  if (until === undefined || sighting.from > until) return sighting;
  return sighting.at > until ? { ...sighting, from: until + 1 } : undefined;
}

/**
 * What is known of a subject after a report. A report of the future is one of today: clocks differ.
 * @returns `known` itself where it says all already
 */
export function sightSubject(
  known: SubjectRecord | undefined,
  sighting: Sighting,
  today: number,
): SubjectRecord {
  const { role, from, at, isAdmission = false } = sighting;
  const [firstDay, lastDay] = [Math.min(dayOf(from), today), Math.min(dayOf(at), today)];
  if (known === undefined) return { role, firstDay, lastDay, roleAt: at, freedAt: undefined };
  const isNewRole = role !== known.role && at >= known.roleAt;
  const isStillFreed = known.freedAt !== undefined && at <= known.freedAt && !isAdmission;
  const next = {
    role: isNewRole ? role : known.role,
    firstDay: Math.min(known.firstDay, firstDay),
    lastDay: Math.max(known.lastDay, lastDay),
    freedAt: isStillFreed ? known.freedAt : undefined,
  };
  const isSame =
    next.role === known.role &&
    next.firstDay === known.firstDay &&
    next.lastDay === known.lastDay &&
    next.freedAt === known.freedAt;
  return isSame ? known : { ...next, roleAt: Math.max(known.roleAt, at) };
}

/** A record, as far as it decides. */
export function asKnown(record: SubjectRecord): KnownSubject;
export function asKnown(record: SubjectRecord | undefined): KnownSubject | undefined;
export function asKnown(record: SubjectRecord | undefined): KnownSubject | undefined {
  if (record === undefined) return undefined;
  return { role: record.role, lastDay: record.lastDay, isFreed: record.freedAt !== undefined };
}
