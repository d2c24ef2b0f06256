import { Injectable } from '@nestjs/common';
import { Metrics } from '../../metrics/metrics.js';

const OUTCOMES = ['taken', 'ignored', 'refused', 'failed', 'unreadable'] as const;

export type ReportOutcome = (typeof OUTCOMES)[number];

/** What becomes of the reports to the issuer. */
@Injectable()
export class IssuerReportMetrics {
  readonly #counted: (labels: { readonly outcome: ReportOutcome }) => void;

  constructor(metrics: Metrics) {
    this.#counted = metrics.counter(
      'licentia_usage_reports_total',
      'Reports of usage that went to the issuer with a renewal, or should have gone.',
      { outcome: OUTCOMES },
    );
  }

  count(outcome: ReportOutcome): void {
    this.#counted({ outcome });
  }
}
