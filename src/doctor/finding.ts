import type { DatabaseFault } from '../database/permanent-fault.js';
import type { ErrorCode } from '../domain/service-error.js';
import type { FailureClass } from '../issuer/issuer-call-error.js';

export const AREAS = ['configuration', 'service', 'database', 'issuer', 'license', 'disk', 'limits'] as const;

/** What is looked at. */
export type Area = (typeof AREAS)[number];

/** What is at fault, in the words that the service itself uses. */
export type Cause = FailureClass | DatabaseFault | ErrorCode;

/** One line of the doctor. */
export interface Finding {
  readonly area: Area;
  readonly check: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  /** False where something kept the doctor from looking: then the verdict is `warn`. */
  readonly looked: boolean;
  readonly message: string;
  readonly cause: Cause | null;
  /** What to do; null where nothing is to be done. */
  readonly next: string | null;
}

type Told = Partial<Pick<Finding, 'cause' | 'next'>>;

export interface Verdicts {
  ok(check: string, message: string): Finding;
  warn(check: string, message: string, told?: Told): Finding;
  fail(check: string, message: string, told?: Told): Finding;
  /** Where nobody can tell. */
  unseen(check: string, message: string, told?: Told): Finding;
}

/** Makes the lines of one area. */
export function findingsOf(area: Area): Verdicts {
  const line =
    (verdict: Finding['verdict'], looked: boolean) =>
    (check: string, message: string, told: Told = {}) => ({
      ...{ area, check, verdict, looked, message },
      cause: told.cause ?? null,
      next: told.next ?? null,
    });
  return {
    ok: line('ok', true),
    warn: line('warn', true),
    fail: line('fail', true),
    unseen: line('warn', false),
  };
}
