import { type Admission, decideAdmission } from './admission.js';
import type { SubjectGroup } from './seat-count.js';
import type { SeatTerms } from './seat-terms.js';
import type { SubjectRole } from './subject.js';
import {
  asKnown,
  mergeSightings,
  type Sighting,
  sightSubject,
  type SubjectRecord,
} from './subject-record.js';
import { dayOf } from './usage-window.js';

/** A subject asks to be let in. */
export interface Applicant {
  /** The hash. */
  readonly subject: string;
  readonly role: SubjectRole;
}

/** What comes of several who ask at once. */
export interface AdmissionRound {
  /** In the order of the applicants; undefined for one that takes a limited seat, where none may be taken. */
  readonly outcomes: readonly (Admission | undefined)[];
  /** Who is to be recorded, by subject. */
  readonly sightings: ReadonlyMap<string, Sighting>;
}

/**
 * Decides about applicants one after the other, each with the seats that those before it took.
 *
 * @param known - their records
 * @param groups - of every known subject
 * @param moment - Unix seconds
 * @param mayTakeSeats - whether no other transaction can take seats meanwhile; else applicants who need one come again
 */
export function decideRound(
  applicants: readonly Applicant[],
  known: ReadonlyMap<string, SubjectRecord>,
  groups: readonly SubjectGroup[],
  terms: SeatTerms,
  moment: number,
  mayTakeSeats: boolean,
): AdmissionRound {
  const records = new Map(known);
  const present = [...groups];
  const sightings = new Map<string, Sighting>();
  const outcomes = applicants.map(({ subject, role }) => {
    const record = records.get(subject);
    const admission = decideAdmission(role, asKnown(record), present, terms, moment);
    if (!admission.admitted) return admission;
    if (!mayTakeSeats && takesSeat(admission)) return undefined;
    const sighting: Sighting = { role, from: moment, at: moment, isAdmission: true };
    const next = sightSubject(record, sighting, dayOf(moment));
    if (next === record) return admission;
    sightings.set(subject, { ...mergeSightings(sightings.get(subject), sighting), isAdmission: true });
    records.set(subject, next);
    if (record !== undefined && record.freedAt === undefined)
      present.push({ role: record.role, lastDay: record.lastDay, subjects: -1 });
    present.push({ role: next.role, lastDay: next.lastDay, subjects: 1 });
    return admission;
  });
  return { outcomes, sightings };
}

/** Whether the next one may find no seat because of this one. */
export function takesSeat({ reason }: Admission): boolean {
  return reason === 'seat-free' || reason === 'within-tolerance';
}
