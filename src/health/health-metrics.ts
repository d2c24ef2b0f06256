import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { Readiness } from './readiness.js';

/** Readiness, as `/readyz` has it. */
@Injectable()
export class HealthMetrics {
  constructor(metrics: Metrics, readiness: Readiness) {
    metrics.gauge('licentia_ready', 'Whether the service takes requests, as /readyz says.', {}, () =>
      readiness.status === 'ready' ? 1 : 0,
    );
  }
}
