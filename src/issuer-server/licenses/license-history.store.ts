import { userInfo } from 'node:os';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { KeyUse } from '../../domain/token/key-rotation.js';
import type { ChangedTerms } from './changed-terms.js';
import { LicenseEventEntity, type LicenseEventKind } from './license-event.entity.js';
import type { SignedLicense } from './license-signer.js';

/** So many renewals of a license are kept, besides the last one of each key. */
const MAX_RENEWALS = 100;

/** Something that happened to a license. */
export interface LicenseEvent {
  readonly lid: string;
  readonly kind: Exclude<LicenseEventKind, 'recorded'>;
  readonly at: Date;
  /** The token that was signed. */
  readonly signed?: SignedLicense | undefined;
  /** The operator; the account that runs this process unless given. */
  readonly actor?: string | undefined;
  /** Who renewed; without this it was an operator. */
  readonly by?: { readonly instance: string; readonly version: string };
  readonly detail?: ChangedTerms | null;
}

/** What is newest in the history of a license. */
export interface NewestEvents {
  /** Of the last token that was signed, Unix seconds; undefined where this history has none. */
  readonly token: { readonly iat: number; readonly exp: number } | undefined;
  readonly renewal:
    { readonly at: Date; readonly instance: string | null; readonly version: string | null } | undefined;
}

interface NewestRow {
  readonly lid: string;
  readonly iat: string | null;
  readonly exp: string | null;
  readonly at: Date | null;
  readonly instance: string | null;
  readonly version: string | null;
}

function newestOf({ iat, exp, at, instance, version }: NewestRow): NewestEvents {
  return {
    token: iat === null || exp === null ? undefined : { iat: Number(iat), exp: Number(exp) },
    renewal: at === null ? undefined : { at, instance, version },
  };
}

/** The history of the licenses: what is recorded holds in the transaction of the change. */
@Injectable()
export class LicenseHistoryStore {
  async record(
    manager: EntityManager,
    { lid, kind, at, signed, by, detail, actor }: LicenseEvent,
  ): Promise<void> {
    await manager.insert(LicenseEventEntity, {
      ...{ lid, kind, at, detail: detail ?? null },
      actor: by === undefined ? (actor ?? operator()) : null,
      instance: by?.instance ?? null,
      version: by?.version ?? null,
      jti: signed?.jti ?? null,
      kid: signed?.kid ?? null,
      iat: signed?.iat ?? null,
      exp: signed?.exp ?? null,
    });
    if (kind === 'renewed') await this.#forget(manager, lid);
  }

  /** What happened to a license, the first event first. */
  async ofLicense(manager: EntityManager, lid: string): Promise<LicenseEventEntity[]> {
    return manager.find(LicenseEventEntity, { where: { lid }, order: { id: 'ASC' } });
  }

  /** The newest token and the newest renewal of each license. @param lid - of this license alone */
  async newest(manager: EntityManager, lid?: string): Promise<Map<string, NewestEvents>> {
    const rows = await manager.query<NewestRow[]>(
      `SELECT lid, token.iat, token.exp, renewal.at, renewal.instance, renewal.version
       FROM issued_license AS license
       LEFT JOIN LATERAL (
         SELECT iat, exp FROM license_event AS event WHERE event.lid = license.lid AND jti IS NOT NULL
         ORDER BY id DESC LIMIT 1
       ) AS token ON true
       LEFT JOIN LATERAL (
         SELECT at, instance, version FROM license_event AS event WHERE event.lid = license.lid AND kind = 'renewed'
         ORDER BY id DESC LIMIT 1
       ) AS renewal ON true
       WHERE $1::text IS NULL OR lid = $1`,
      [lid ?? null],
    );
    return new Map(rows.map((row) => [row.lid, newestOf(row)]));
  }

  /**
   * Which licenses have an unexpired token that a key signed. A license without a record of any token counts for
   * each key: a release from before this history issued it, beside this one. What an operator did is no token.
   * @param now - Unix seconds
   */
  async useOf(manager: EntityManager, kid: string, now: number): Promise<KeyUse> {
    const [use] = await manager.query<{ licenses: string; until: string | null }[]>(
      `SELECT count(DISTINCT lid) AS licenses, max(exp) AS until FROM (
         SELECT lid, exp FROM license_event WHERE kid = $1
         UNION ALL
         SELECT lid, LEAST(GREATEST(last_iat, ahead_iat, nbf) + token_seconds, lexp) FROM issued_license AS license
         WHERE NOT EXISTS (SELECT FROM license_event AS event WHERE event.lid = license.lid AND event.kid IS NOT NULL)
       ) AS token WHERE exp > $2`,
      [kid, now],
    );
    return { licenses: Number(use?.licenses ?? 0), until: Number(use?.until ?? 0) };
  }

  /**
   * How many licenses that are not over have no token that is newer than one of this key: who holds that can
   * renew with nothing else.
   * @param now - Unix seconds
   */
  async lastTokensOf(manager: EntityManager, kid: string, now: number): Promise<number> {
    const [found] = await manager.query<{ licenses: string }[]>(
      `SELECT count(*) AS licenses FROM issued_license AS license
       WHERE status <> 'revoked' AND lexp > $2 AND $1 = (
         SELECT kid FROM license_event AS event WHERE event.lid = license.lid AND kid IS NOT NULL
         ORDER BY id DESC LIMIT 1)`,
      [kid, now],
    );
    return Number(found?.licenses ?? 0);
  }

  /** Of many renewals the last ones are kept, and of each key the one whose token expires last. */
  async #forget(manager: EntityManager, lid: string): Promise<void> {
    await manager.query(
      `DELETE FROM license_event AS event
       WHERE lid = $1 AND kind = 'renewed' AND id <= (
         SELECT id FROM license_event WHERE lid = $1 AND kind = 'renewed' ORDER BY id DESC OFFSET $2 LIMIT 1
       ) AND EXISTS (
         SELECT FROM license_event AS later
         WHERE later.lid = $1 AND later.kid = event.kid AND later.exp >= event.exp AND later.id > event.id)`,
      [lid, MAX_RENEWALS],
    );
  }
}

/** The account that runs this process. */
function operator(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run with an id that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
