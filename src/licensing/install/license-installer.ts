import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditStore } from '../../audit/audit.store.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import type { Actor } from '../../domain/actor.js';
import { type Clock, CLOCK, isoTime, toSeconds } from '../../domain/clock.js';
import { claimsFacts, licenseFacts } from '../license/license-facts.js';
import { compareTerms, type TermChange } from '../../domain/license/license-changes.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import {
  decideInstall,
  decideQueue,
  judge,
  judgeForQueue,
  LicenseStatus,
} from '../../domain/license/license.js';
import { ServiceError } from '../../domain/service-error.js';
import type { StoredLicense } from '../../snapshot/snapshot.js';
import type { Change } from '../../snapshot/change.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { type Decision, type Inspection, outcomeOf, takesAway } from './license-inspection.js';
import { LicenseMarkStore } from '../license/license-mark.store.js';
import { LicenseMetrics } from '../license/license-metrics.js';
import { LicenseQueue } from '../terms/license-queue.js';
import { licenseIn, LicenseReader, type LicenseState } from '../license/license-reader.js';
import { TokenVerifier } from '../license/token-verifier.js';

/** How a token is to be installed. */
export interface InstallOptions {
  /** A license whose `nbf` lies ahead waits for it, instead of being refused. */
  readonly queue: boolean;
  /** The caller knows what the license takes away. */
  readonly acknowledge: boolean;
}

/** Whether a license may be queued until its `nbf`: `if-needed`, where it would be refused otherwise. */
type QueueMode = 'never' | 'if-needed' | 'if-possible';

interface Installed {
  readonly state: LicenseState;
  /** When the license takes over, Unix seconds, if it was put to wait. */
  readonly queuedUntil?: number;
}

/** What changes with an install. */
type Outlook = Pick<Decision, 'changes' | 'lost' | 'fresher'>;

const UNCHANGED: Outlook = { changes: [], lost: [], fresher: undefined };

/** Installs uploaded tokens, and inspects them beforehand; one decision serves both. */
@Injectable()
export class LicenseInstaller {
  readonly #logger = new Logger(LicenseInstaller.name);
  readonly #requireAcknowledge: boolean;

  constructor(
    @Inject(SERVICE_CONFIG) { requireAcknowledge }: ServiceConfig,
    private readonly reader: LicenseReader,
    private readonly marks: LicenseMarkStore,
    private readonly queue: LicenseQueue,
    private readonly verifier: TokenVerifier,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
    private readonly metrics: LicenseMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#requireAcknowledge = requireAcknowledge;
  }

  /**
   * Installs an uploaded token.
   * @throws ServiceError `license.*`, `issuer.unavailable` without any keys, `database.unavailable`
   */
  async install(actor: Actor, token: string, options: InstallOptions): Promise<LicenseState> {
    const license = await this.verifier.verify(token, 'upload');
    try {
      assertAcceptable(this.#judge(license, undefined, queueModeOf(options)));
      const put = async (manager: EntityManager) => this.#put(manager, actor, license, options);
      const installed = await this.snapshots.change(put, actor);
      // After the transaction, which may run more than once.
      if (installed.queuedUntil !== undefined) this.#logQueued(actor, license, installed.queuedUntil);
      return installed.state;
    } catch (error) {
      this.metrics.refused('upload', error);
      throw error;
    }
  }

  /**
   * What an install of this token would come to at this moment; nothing is stored.
   * @throws ServiceError `issuer.unavailable` without any keys, `database.unavailable`
   */
  async inspect(token: string): Promise<Inspection> {
    const stored = this.snapshots.known.license;
    let license: AuthenticatedLicense;
    try {
      license = await this.verifier.verify(token);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code === 'issuer.unavailable') throw error;
      return {
        outcome: 'refused',
        code: error.code,
        message: error.message,
        license: undefined,
        state: undefined,
        changes: [],
        requiresAcknowledge: false,
      };
    }
    const decision = this.#decide(license, stored, 'if-needed');
    const { changes, requiresAcknowledge } = decision;
    return {
      ...outcomeOf(decision),
      license,
      state: stateOf(license, decision),
      changes,
      requiresAcknowledge,
    };
  }

  /** Decides against what is stored at this moment: no other change can come in between. */
  async #put(
    manager: EntityManager,
    actor: Actor,
    license: AuthenticatedLicense,
    options: InstallOptions,
  ): Promise<Change<Installed>> {
    const loaded = await this.queue.load(manager);
    const { stored, promoted } = loaded;
    const decision = this.#decide(license, stored, queueModeOf(options));
    const { waitsUntil, kind, isStoredValid, lost, requiresAcknowledge } = decision;
    assertAcceptable(decision);
    const state = stateOf(license, decision);
    if (kind === 'stale') throw new ServiceError('license.stale');
    if (requiresAcknowledge && !options.acknowledge) throw acknowledgeRequired(lost);
    const { lid, exp, lexp } = license.claims;
    const wasExpired = (stored.marks.find(license.claims) ?? -Infinity) >= Math.min(exp, lexp);
    const isBack = wasExpired && (await this.marks.forget(manager, license.claims));
    if (kind === 'unchanged' && !isBack) return { changed: promoted && 'license', value: { state } };
    const detail = claimsFacts(license.claims);
    const before = licenseFacts(waitsUntil === undefined ? stored.content : stored.queued);
    const target = `license:${lid}`;
    if (kind === 'unchanged') {
      await this.audit.record(manager, actor, 'license.install', target, detail, before);
    } else if (waitsUntil !== undefined) {
      await this.queue.put(manager, actor, stored, license);
      const more = { ...detail, nbf: waitsUntil };
      await this.audit.record(manager, actor, 'license.queue', target, more, before);
      return { changed: 'license', value: { state, queuedUntil: waitsUntil } };
    } else {
      await this.queue.replace(manager, actor, loaded, license, !isStoredValid);
      await this.audit.record(manager, actor, 'license.install', target, detail, before);
    }
    return { changed: 'license', value: { state } };
  }

  #decide(license: AuthenticatedLicense, stored: StoredLicense, mode: QueueMode): Decision {
    const { claims } = license;
    const { verdict, waitsUntil } = this.#judge(
      license,
      stored.revocations.find(claims.iss, claims.lid),
      mode,
    );
    const waits = waitsUntil !== undefined;
    const isStoredValid = this.reader.isStoredValid(stored, this.#now());
    const present = licenseIn(stored.content);
    const kind = waits
      ? decideQueue(present, licenseIn(stored.queued), license, isStoredValid)
      : decideInstall(present, license, isStoredValid);
    const outlook = kind === 'replace' ? this.#foretell(license, stored, waits) : UNCHANGED;
    const isAccepted = waits || verdict.status === LicenseStatus.Valid;
    const requiresAcknowledge = this.#requireAcknowledge && isAccepted && outlook.lost.length > 0;
    return { verdict, waitsUntil, kind, isStoredValid, ...outlook, requiresAcknowledge };
  }

  /** The present verdict, and until when the license must be queued if only its `nbf` is not reached. */
  #judge(
    { claims }: AuthenticatedLicense,
    revokedAt: number | undefined,
    mode: QueueMode,
  ): Pick<Decision, 'verdict' | 'waitsUntil'> {
    const { policy } = this.reader;
    const now = this.#now();
    const verdict = judge(claims, policy, now, revokedAt);
    const isValid = verdict.status === LicenseStatus.Valid;
    const mayQueue = mode === 'if-possible' || (mode === 'if-needed' && !isValid);
    const { nbf = 0 } = claims;
    if (!mayQueue || nbf <= now) return { verdict, waitsUntil: undefined };
    const waiting = judgeForQueue(claims, policy, now, revokedAt);
    if (waiting.status === LicenseStatus.Valid) return { verdict, waitsUntil: nbf };
    // A queued upload is refused for faults that waiting does not fix. An inspection shows a plain install's.
    return { verdict: isValid || mode === 'if-needed' ? verdict : waiting, waitsUntil: undefined };
  }

  /** The result with the license stored, or at the start of its term: another source may have a newer one. */
  #foretell(license: AuthenticatedLicense, stored: StoredLicense, waits: boolean): Outlook {
    const { local } = this.snapshots.known;
    const { claims } = license;
    const content = { kind: 'verified', license } as const;
    const [after] = waits
      ? this.reader.ranked({ license: { ...stored, queued: content }, local }, claims.nbf)
      : this.reader.ranked({ license: { ...stored, content, queued: { kind: 'none' } }, local });
    const fresher = after?.license === license ? undefined : after?.source;
    const [before] = this.reader.ranked({ license: stored, local });
    if (before?.verdict.status !== LicenseStatus.Valid) return { ...UNCHANGED, fresher };
    const { claims: present } = before.license;
    // Whether a file is there at the beginning of the new term is not known yet.
    const next = waits ? claims : (after?.license.claims ?? claims);
    const lost = compareTerms(present, next).filter(({ takesAway }) => takesAway);
    return { changes: compareTerms(present, claims), lost, fresher };
  }

  #logQueued(actor: Actor, { claims: { lid, jti } }: AuthenticatedLicense, until: number): void {
    this.#logger.log({
      msg: 'the license waits for its term to begin',
      action: 'license.queue',
      lid,
      jti,
      until: isoTime(until),
      caller: actor.id,
      requestId: actor.requestId,
    });
  }

  #now(): number {
    return toSeconds(this.clock.now());
  }
}

function queueModeOf({ queue }: InstallOptions): QueueMode {
  return queue ? 'if-possible' : 'never';
}

/** @throws ServiceError `license.*` when the license is neither valid nor one that waits */
function assertAcceptable({ verdict, waitsUntil }: Pick<Decision, 'verdict' | 'waitsUntil'>): void {
  if (verdict.status === LicenseStatus.Valid || waitsUntil !== undefined) return;
  throw new ServiceError(verdict.code, verdict.message);
}

/** What waits is not valid, however near its `nbf` is (contract section 2). */
function stateOf({ claims }: AuthenticatedLicense, { verdict, waitsUntil }: Decision): LicenseState {
  return { status: waitsUntil === undefined ? verdict.status : LicenseStatus.Invalid, claims };
}

function acknowledgeRequired(lost: readonly TermChange[]): ServiceError {
  return new ServiceError('license.acknowledge-required', undefined, {
    detail: takesAway(lost),
    members: { changes: lost },
  });
}
