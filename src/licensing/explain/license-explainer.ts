import { Injectable } from '@nestjs/common';
import {
  type Judged,
  LICENSE_SOURCES,
  type LicenseSource,
  traceCandidate,
} from '../../domain/license/license-choice.js';
import { transitions, warningsAt } from '../../domain/license/license-timeline.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { LicenseStatus, type TracedRule, untraceableRules } from '../../domain/license/license.js';
import { renewalDueAt } from '../../domain/license/renewal-policy.js';
import { ERROR_CATALOGUE, ServiceError } from '../../domain/service-error.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import type {
  ExplainedSource,
  ExplanationResponse,
  OutlookResponse,
  RuleResponse,
  SourceStanding,
  TimelineResponse,
} from './explanation.response.js';
import { LicenseReader } from '../license/license-reader.js';
import { reportSources, type SourceReport } from '../license/source-report.js';

/** What is known of a moment, before it is put into words. */
interface View {
  readonly snapshot: Snapshot;
  readonly at: number;
  readonly ranked: readonly Judged<AuthenticatedLicense>[];
  readonly reports: readonly SourceReport[];
}

/** A moment with what was said of it, once it was asked for. */
interface Present {
  readonly snapshot: Snapshot;
  readonly at: number;
  explanation?: ExplanationResponse;
  timeline?: TimelineResponse;
}

type Verdict = Pick<OutlookResponse, 'answer' | 'status' | 'code' | 'reason'>;

/**
 * Says why the check answers as it does, and when it will answer something else. Every word comes from what answers the
 * check itself, the reader, asked about other moments; nothing is read or changed for it.
 */
@Injectable()
export class LicenseExplainer {
  /** What was said of the present moment last: the same for the same snapshot within the same second. */
  #present: Present | undefined;

  constructor(
    private readonly reader: LicenseReader,
    private readonly snapshots: SnapshotService,
  ) {}

  /**
   * Why the check answers as it does at a moment, with what is known now.
   * @param at - Unix seconds; the present moment unless given
   * @throws ServiceError as the check would
   */
  explain(at?: number): ExplanationResponse {
    if (at !== undefined) return this.#explain(this.snapshots.known, at);
    const present = this.#now();
    return (present.explanation ??= this.#explain(present.snapshot, present.at));
  }

  /**
   * What is answered now, and every moment to come at which that changes by itself.
   * @throws ServiceError as the check would
   */
  timeline(): TimelineResponse {
    const present = this.#now();
    return (present.timeline ??= this.#timeline(present.snapshot, present.at));
  }

  /** @throws ServiceError as the check would */
  #now(): Present {
    // An answer is given again by what the reader knows of this second.
    this.reader.current();
    const snapshot = this.snapshots.known;
    const at = this.reader.now();
    if (this.#present?.snapshot !== snapshot || this.#present.at !== at) this.#present = { snapshot, at };
    return this.#present;
  }

  #explain(snapshot: Snapshot, at: number): ExplanationResponse {
    const view = this.#answerable(snapshot, at);
    const { sources, ...outlook } = this.#outlook(view);
    return {
      at,
      ...outlook,
      sources: [...sources, ...absentIn(sources)].map((standing, index) =>
        this.#explained(standing, view.reports[index], at),
      ),
      nextChange: this.#nextChange(snapshot, at),
    };
  }

  #timeline(snapshot: Snapshot, at: number): TimelineResponse {
    const view = this.#answerable(snapshot, at);
    return {
      at,
      ...this.#outlook(view),
      transitions: Array.from(this.#transitions(snapshot, at), ({ at: moment, changes, state }) => ({
        at: moment,
        changes,
        ...state,
      })),
    };
  }

  #nextChange(snapshot: Snapshot, from: number): ExplanationResponse['nextChange'] {
    for (const { at, changes, state } of this.#transitions(snapshot, from)) {
      if (!changes.includes('answer')) continue;
      const { answer, status, code, reason, decidedBy } = state;
      return { at, answer, status, code, reason, decidedBy };
    }
    return null;
  }

  #transitions(snapshot: Snapshot, from: number) {
    const licenses = this.reader.licensesOf(snapshot).map(({ claims }) => claims);
    return transitions(from, licenses, (moment) => this.#outlook(this.#view(snapshot, moment)));
  }

  /** @throws ServiceError where the check would answer 503 */
  #answerable(snapshot: Snapshot, at: number): View {
    const view = this.#view(snapshot, at);
    this.reader.stateAt(snapshot, at, view.ranked);
    return view;
  }

  #view(snapshot: Snapshot, at: number): View {
    const ranked = this.reader.ranked(snapshot, at);
    const reports = reportSources(snapshot, ranked, this.reader.waiting(snapshot, at)).map(published);
    return { snapshot, at, ranked, reports };
  }

  #outlook(view: View): OutlookResponse {
    const { at, ranked, reports } = view;
    const [first] = ranked;
    const claims = first?.license.claims;
    const verdict = this.#verdict(view);
    return {
      ...verdict,
      decidedBy:
        first === undefined || claims === undefined
          ? null
          : { source: first.source, lid: claims.lid, jti: claims.jti },
      warnings: claims !== undefined && verdict.answer === true ? warningsAt(claims, at) : [],
      renewalDue: claims !== undefined && renewalDueAt(claims) <= at,
      sources: reports.map(standingOf),
    };
  }

  #verdict({ snapshot, at, ranked, reports }: View): Verdict {
    let status: LicenseStatus;
    try {
      ({ status } = this.reader.stateAt(snapshot, at, ranked));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return { answer: null, status: LicenseStatus.NotLoaded, code: error.code, reason: error.message };
    }
    const answer = status === LicenseStatus.Valid;
    const [first] = ranked;
    if (first !== undefined) {
      return { answer, status, code: first.verdict.code ?? null, reason: first.verdict.message };
    }
    if (status === LicenseStatus.NotFound) {
      return { answer, status, code: null, reason: 'There is no license.' };
    }
    // What cannot be used says why itself.
    const isWhy = (code = '') =>
      status === LicenseStatus.Invalid ? code.startsWith('license.') : code === 'issuer.unavailable';
    const fault = reports.find(({ code }) => isWhy(code));
    return { answer, status, code: fault?.code ?? null, reason: fault?.reason ?? '' };
  }

  #explained(standing: SourceStanding, report: SourceReport | undefined, at: number): ExplainedSource {
    const judged = report?.judged;
    const { claims, key } = judged?.license ?? {};
    return {
      ...standing,
      iss: claims?.iss ?? null,
      sub: claims?.sub ?? null,
      kid: key?.kid ?? null,
      alg: key?.alg ?? null,
      iat: claims?.iat ?? null,
      exp: claims?.exp ?? null,
      nbf: claims?.nbf ?? null,
      lexp: claims?.lexp ?? null,
      revokedAt: judged?.revokedAt ?? null,
      rules:
        judged === undefined
          ? withoutLicense(report)
          : [SIGNED, ...traceCandidate(judged, this.reader.policy, at).map(ruleOf)],
    };
  }
}

const NOTHING_COMPARED = { value: null, against: null };

/** Shape, header, key and signature were looked at when the license was read. */
const SIGNED: RuleResponse = {
  rule: 'signature',
  verdict: 'passed',
  sentence: 'The token has its form, and the key verifies its signature.',
  ...NOTHING_COMPARED,
};

/** The rules of what does not verify or cannot be verified yet; none of what is not even there. */
function withoutLicense(report: SourceReport | undefined): RuleResponse[] {
  if (report?.code === undefined || report.code === 'unreadable') return [];
  const verdict = report.code.startsWith('license.') ? 'failed' : 'not-reached';
  return [
    { rule: 'signature', verdict, sentence: report.reason ?? '', ...NOTHING_COMPARED },
    ...untraceableRules().map(ruleOf),
  ];
}

/** The log alone tells what went wrong inside. */
function published(report: SourceReport): SourceReport {
  if (report.code !== 'internal-error') return report;
  return { ...report, reason: ERROR_CATALOGUE['internal-error'].message };
}

function ruleOf({ rule, verdict, sentence, value, against }: TracedRule): RuleResponse {
  return { rule, verdict, sentence, value: value ?? null, against: against ?? null };
}

function standingOf({ source, state, code, reason, judged }: SourceReport): SourceStanding {
  const { lid, jti } = judged?.license.claims ?? {};
  return { source, state, code: code ?? null, reason: reason ?? null, lid: lid ?? null, jti: jti ?? null };
}

function absentIn(standings: readonly SourceStanding[]): SourceStanding[] {
  const rest = { state: 'absent', code: null, reason: null, lid: null, jti: null } as const;
  const isAbsent = (source: LicenseSource) => standings.every((standing) => standing.source !== source);
  return LICENSE_SOURCES.filter(isAbsent).map((source) => ({ source, ...rest }));
}
