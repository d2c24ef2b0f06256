import { csvLines } from '../domain/csv.js';
import type { JsonObject } from '../domain/token/strict-json.js';
import type { CountingRule } from '../domain/usage/subject-explanation.js';
import type { SubjectRole } from '../domain/usage/subject.js';
import { isoDay } from '../domain/usage/usage-window.js';
import type { ClosedDay } from './days/usage-day.store.js';
import type { Denial } from './subjects/usage-denial.store.js';
import type { ExplainedSubject } from './usage-reader.js';

/** Days are UTC, `2026-11-27`; moments are Unix seconds. */
export interface SubjectResponse {
  /** The hash. */
  readonly subject: string;
  readonly counted: boolean;
  readonly rule: CountingRule;
  readonly role: SubjectRole | null;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  readonly until: number | null;
  readonly leftAt: number | null;
}

export interface SubjectsResponse {
  readonly subjects: readonly SubjectResponse[];
  /** For the next page; null on the last. */
  readonly cursor: string | null;
}

export interface DenialsResponse {
  readonly denials: readonly (Omit<Denial, 'day'> & { readonly day: string })[];
  readonly cursor: string | null;
}

export interface UsageHistoryResponse {
  readonly days: readonly JsonObject[];
}

export function subjectResponse(explained: ExplainedSubject): SubjectResponse {
  const { subject, isCounted, rule, role, firstDay, lastDay, until, freedAt } = explained;
  const day = (value: number | undefined) => (value === undefined ? null : isoDay(value));
  return {
    subject,
    counted: isCounted,
    rule,
    role: role ?? null,
    firstSeen: day(firstDay),
    lastSeen: day(lastDay),
    until: until ?? null,
    leftAt: freedAt ?? null,
  };
}

export function subjectsResponse(page: readonly ExplainedSubject[], limit: number): SubjectsResponse {
  return {
    subjects: page.map(subjectResponse),
    cursor: page.length < limit ? null : (page.at(-1)?.subject ?? null),
  };
}

export function denialsResponse(page: readonly Denial[], limit: number): DenialsResponse {
  const last = page.at(-1);
  return {
    denials: page.map(({ day, ...denial }) => ({ day: isoDay(day), ...denial })),
    cursor: last === undefined || page.length < limit ? null : `${isoDay(last.day)}.${last.subject}`,
  };
}

/** A day of the ledger, as it is checked: what it says with the hashes. */
export function ledgerEntry({ content, hash }: ClosedDay): JsonObject {
  return { ...(JSON.parse(content) as JsonObject), hash };
}

/** JSON Lines. */
export function ledgerLines(days: readonly ClosedDay[]): string {
  return days.map((day) => `${JSON.stringify(ledgerEntry(day))}\n`).join('');
}

/** Members that have members are columns of their own: `policy.mode`. */
export function ledgerCsv(days: readonly ClosedDay[]): string {
  // Only rows say which columns there are.
  if (days.length === 0) return '';
  const rows = days.map((day) => flatten(ledgerEntry(day)));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))];
  return csvLines(lines);
}

function flatten(entry: JsonObject, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entry).flatMap(([name, value]) => {
      if (Array.isArray(value)) return [[`${prefix}${name}`, JSON.stringify(value)]];
      if (typeof value === 'object' && value !== null)
        return Object.entries(flatten(value, `${prefix}${name}.`));
      return [[`${prefix}${name}`, value === null ? '' : String(value)]];
    }),
  );
}
