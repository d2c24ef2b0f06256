import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Metrics } from '../metrics/metrics.js';
import { Readiness } from './readiness.js';

/** Readiness, as `/readyz` has it, and what the last look at the database said besides. No query. */
@Injectable()
export class HealthMetrics {
  constructor(metrics: Metrics, readiness: Readiness, database: Database) {
    metrics.gauge('licentia_ready', 'Whether the service takes requests, as /readyz says.', {}, () =>
      readiness.status === 'ready' ? 1 : 0,
    );
    metrics.gauge(
      'licentia_database_writable',
      'Whether the database takes changes, as the last look at it said: 0 for a standby and a read-only one.',
      {},
      () => (database.readOnly === undefined ? undefined : database.readOnly ? 0 : 1),
    );
  }
}
