import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import type { ActiveLicense } from '../../domain/license/active-license.js';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import {
  type Candidate,
  candidatesOfDatabase,
  judgeCandidate,
  type Judged,
  momentFor,
  rankLicenses,
} from '../../domain/license/license-choice.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { judge, type LicensePolicy, LicenseStatus } from '../../domain/license/license.js';
import { ServiceError } from '../../domain/service-error.js';
import {
  candidatesOfLocal,
  type Sighting,
  sightingOf,
  type Times,
} from '../../domain/license/source-memory.js';
import type { StoredContent, StoredLicense, LocalSource, Snapshot } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';

/** What is known of the license at a moment. */
export interface LicenseState {
  readonly status: LicenseStatus;
  /** Undefined without a license, and for one that does not verify. */
  readonly claims: LicenseClaims | undefined;
}

/**
 * Answers from memory whether a valid license is there. No I/O: the snapshot holds the verified claims, and only the
 * time is compared.
 */
@Injectable()
export class LicenseReader implements ActiveLicense {
  readonly policy: LicensePolicy;
  /** The last answer: the same for the same snapshot within the same second. */
  #last: { snapshot: Snapshot; second: number; state: LicenseState } | undefined;
  /** What an answer found valid. */
  readonly #answered = new WeakSet<AuthenticatedLicense>();

  constructor(
    @Inject(SERVICE_CONFIG) { issuer, rootUrl, products }: ServiceConfig,
    private readonly snapshots: SnapshotService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    // Licenses name products in NFC, or as a former release of the issuer took them from its command line.
    const names = products.flatMap((name) => [name, name.normalize('NFC')]);
    this.policy = { issuer: issuer.id, rootUrl, products: [...new Set(names)] };
  }

  /**
   * The active license, of any source.
   * @throws ServiceError `database.unavailable` before the first snapshot, `issuer.unavailable` while the
   *   stored license cannot be verified for want of the keys that the operator named
   */
  current(): LicenseState {
    const snapshot = this.snapshots.known;
    const second = this.now();
    if (this.#last?.snapshot !== snapshot || this.#last.second !== second) {
      const ranked = this.ranked(snapshot, second);
      for (const { verdict, license } of ranked) {
        if (verdict.status === LicenseStatus.Valid) this.#answered.add(license);
      }
      this.#last = { snapshot, second, state: this.stateAt(snapshot, second, ranked) };
    }
    return this.#last.state;
  }

  /** @inheritdoc */
  validClaims(): LicenseClaims | undefined {
    const { status, claims } = this.current();
    return status === LicenseStatus.Valid ? claims : undefined;
  }

  /**
   * What {@link current} would return, as long as it would return the very same: another object for another
   * snapshot, and for another second. Undefined when it has to work it out.
   */
  readonly basis = (): LicenseState | undefined => {
    const isSame = this.#last?.snapshot === this.snapshots.current && this.#last?.second === this.now();
    return isSame ? this.#last?.state : undefined;
  };

  /** How a license of a source was found by itself, by what is known of it now. */
  sightingOf(license: AuthenticatedLicense, times: Omit<Times, 'isAnswered'>): Sighting {
    const stored = this.snapshots.current?.license;
    const candidate = stored === undefined ? { license, revokedAt: undefined } : knownOf(license, stored);
    return sightingOf(candidate, this.policy, { ...times, isAnswered: this.#answered.has(license) });
  }

  /** The second that is answered about, Unix seconds. */
  now(): number {
    return toSeconds(this.clock.now());
  }

  /** Every verified license of a snapshot, whether it is a candidate by now or not. */
  licensesOf({ license, local }: Snapshot): AuthenticatedLicense[] {
    const contents = [license.content, license.queued].map(licenseIn);
    return [...contents, ...local.flatMap(({ licenses }) => licenses)].filter((found) => found !== undefined);
  }

  /**
   * What is to be said at a moment, by what is known by now.
   * @param now - Unix seconds
   * @param ranked - of that moment
   * @throws ServiceError `issuer.unavailable` as {@link current}
   */
  stateAt(
    snapshot: Snapshot,
    now: number,
    [first]: readonly Judged[] = this.ranked(snapshot, now),
  ): LicenseState {
    const { kind } = snapshot.license.content;
    const areKeysUnavailable =
      kind === 'keys-unavailable' || snapshot.license.queued.kind === 'keys-unavailable';
    if (areKeysUnavailable && first?.verdict.status !== LicenseStatus.Valid) {
      throw new ServiceError(
        'issuer.unavailable',
        "The issuer's keys are not known: the stored license cannot be verified.",
        { cause: new Error('the file of keys was never read'), retryAfter: 5 },
      );
    }
    if (first !== undefined) return { status: first.verdict.status, claims: first.license.claims };
    const faults = snapshot.local.map(({ fault }) => fault?.code);
    if (kind === 'unverifiable' || faults.some((code) => code?.startsWith('license.'))) {
      return { status: LicenseStatus.Invalid, claims: undefined };
    }
    // Nothing can be said of a token before the issuer's keys are known.
    const waiting = faults.includes('issuer.unavailable');
    return { status: waiting ? LicenseStatus.Loaded : LicenseStatus.NotFound, claims: undefined };
  }

  /**
   * The verified licenses of all sources, the active one first.
   * @param now - Unix seconds; the present moment by default
   */
  ranked(
    { license, local }: { readonly license: StoredLicense; readonly local: readonly LocalSource[] },
    now = this.now(),
  ): Judged<AuthenticatedLicense>[] {
    const candidate = (source: Candidate['source'], found: AuthenticatedLicense) => ({
      source,
      ...knownOf(found, license),
    });
    const candidateIn = (source: Candidate['source'], content: StoredContent) => {
      const found = licenseIn(content);
      return found === undefined ? undefined : candidate(source, found);
    };
    const [stored, queued] = [candidateIn('database', license.content), candidateIn('queue', license.queued)];
    const candidates = [
      ...candidatesOfDatabase(stored, queued, this.policy, this.now(), now),
      ...local.flatMap(({ source, licenses }) => {
        const all = licenses.map((found) => candidate(source, found));
        return candidatesOfLocal(all, this.policy, this.now(), now);
      }),
    ];
    return rankLicenses(candidates, this.policy, now);
  }

  /** One license by itself, independent of others. @param now - Unix seconds; the present moment by default */
  stateOf({ claims }: AuthenticatedLicense, revokedAt: number | undefined, now = this.now()): LicenseState {
    return { status: judge(claims, this.policy, now, revokedAt).status, claims };
  }

  /** The same for one whose revocation and expiry the database knows. */
  stateIn(license: AuthenticatedLicense, { revocations, marks }: StoredLicense): LicenseState {
    const { claims } = license;
    const now = momentFor({ judgedFrom: marks.find(claims) }, this.now());
    return this.stateOf(license, revocations.find(claims.iss, claims.lid), now);
  }

  /** Whether the stored license is valid, independent of other sources. @param now - Unix seconds */
  isStoredValid(stored: StoredLicense, now: number): boolean {
    return this.ranked({ license: stored, local: [] }, now)[0]?.verdict.status === LicenseStatus.Valid;
  }

  /**
   * The license of the next term, as long as it has not taken over.
   * @param now - Unix seconds; the present moment by default
   */
  waiting({ license }: Snapshot, now = this.now()): Judged<AuthenticatedLicense> | undefined {
    const queued = licenseIn(license.queued);
    const ranked = this.ranked({ license, local: [] }, now);
    if (queued === undefined || ranked.some(({ source }) => source === 'queue')) return undefined;
    const candidate = { source: 'queue', ...knownOf(queued, license), leeway: 0 } as const;
    return { ...candidate, verdict: judgeCandidate(candidate, this.policy, now) };
  }

  /**
   * The queued license, once it has taken over from the stored one and is to be put in its place.
   * @param now - Unix seconds
   */
  dueIn(stored: StoredLicense, now = this.now()): AuthenticatedLicense | undefined {
    const [first] = this.ranked({ license: stored, local: [] }, now);
    return first?.source === 'queue' ? first.license : undefined;
  }
}

/** A license with what the database knows of it. */
function knownOf(license: AuthenticatedLicense, { revocations, marks }: StoredLicense) {
  const { claims } = license;
  return {
    license,
    revokedAt: revocations.find(claims.iss, claims.lid),
    judgedFrom: marks.find(claims),
  };
}

/** The license of a token that the database holds, when it verifies. */
export function licenseIn(content: StoredContent): AuthenticatedLicense | undefined {
  return content.kind === 'verified' ? content.license : undefined;
}
