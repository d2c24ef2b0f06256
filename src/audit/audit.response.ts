import { toSeconds } from '../domain/clock.js';
import type { ListedRefusals } from './audit-refusal.store.js';
import type { AuditSealEntity } from './audit-seal.entity.js';
import type { AuditPage } from './audit.store.js';

/** Moments are Unix seconds. */
export interface AuditRecordResponse {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  /** The client's address; empty where nothing came from outside. */
  readonly client: string;
  readonly action: string;
  readonly target: string;
  readonly before: object | null;
  readonly after: object;
  readonly requestId: string;
}

export interface AuditResponse {
  readonly records: readonly AuditRecordResponse[];
  /** For the next page; null on the last. */
  readonly cursor: string | null;
}

export interface RefusalsResponse {
  readonly refusals: readonly ListedRefusals[];
  readonly cursor: string | null;
}

/** The newest seal, to check a later export with. All null while there is no record. */
export interface SealResponse {
  readonly number: number | null;
  readonly at: number | null;
  readonly hash: string | null;
  readonly key: string | null;
}

export function sealResponse(seal: AuditSealEntity | undefined): SealResponse {
  if (seal === undefined) return { number: null, at: null, hash: null, key: null };
  const { number, closedAt, hash, key } = seal;
  return { number: Number(number), at: toSeconds(closedAt.getTime()), hash, key };
}

export function auditResponse({ records, isLast }: AuditPage): AuditResponse {
  return {
    records: records.map(({ id, at, actor, client, action, target, before, detail, requestId }) => ({
      id,
      at: toSeconds(at),
      actor,
      client,
      action,
      target,
      before,
      after: detail,
      requestId,
    })),
    cursor: isLast ? null : String(records.at(-1)?.id),
  };
}

export function refusalsResponse(page: readonly ListedRefusals[], limit: number): RefusalsResponse {
  return {
    refusals: page.map(({ hour, firstAt, lastAt, ...refusals }) => ({
      ...refusals,
      hour: toSeconds(hour),
      firstAt: toSeconds(firstAt),
      lastAt: toSeconds(lastAt),
    })),
    cursor: cursorAfter(page, limit),
  };
}

function cursorAfter(page: readonly { readonly id: number }[], limit: number): string | null {
  const last = page.at(-1);
  return last === undefined || page.length < limit ? null : String(last.id);
}
