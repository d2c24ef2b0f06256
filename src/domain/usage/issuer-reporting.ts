import type { LicenseClaims } from '../license/license-claims.js';
import type { JsonObject, JsonValue } from '../token/strict-json.js';

/** A report that goes with one renewal. */
export interface OutgoingReport {
  readonly lid: string;
  /** The member `usage` of the renewal. */
  readonly member: JsonObject;
  /** The last closed day in it; undefined where it has none. */
  readonly lastDay: number | undefined;
  /** The last day that the issuer acknowledged before, as the report names it. */
  readonly acknowledgedDay: number | undefined;
  /** What was noted as taken when the report was made; null for nothing of this license. */
  readonly notedDay: number | null;
}

/** What became of a report. */
export type ReportFate =
  /** The renewal was answered; `acknowledgment` is the answer's member `usage`. */
  | { readonly kind: 'answered'; readonly acknowledgment: JsonValue | undefined }
  /** The issuer answered to the renewal with it as to none, so that the renewal was repeated without it. */
  | { readonly kind: 'refused' }
  /** The renewal came to nothing. */
  | { readonly kind: 'failed' };

/** What renewals know of usage: a report to take along. Nothing of it makes a renewal fail, or wait for long. */
export interface IssuerReporting {
  /** The report for a renewal of this license; undefined where none is to go with it. Never rejects. */
  next(claims: LicenseClaims): Promise<OutgoingReport | undefined>;
  /** Takes note of what became of a report, later. */
  settle(report: OutgoingReport, fate: ReportFate): void;
}

/** Injection token of the {@link IssuerReporting}. */
export const ISSUER_REPORTING = Symbol('IssuerReporting');
