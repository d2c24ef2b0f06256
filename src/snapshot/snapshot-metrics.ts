import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { SnapshotService } from './snapshot.service.js';

/** How old the truth is that requests are answered from. No query: the snapshot asks the database twice a second. */
@Injectable()
export class SnapshotMetrics {
  constructor(metrics: Metrics, snapshots: SnapshotService) {
    metrics.gauge(
      'licentia_snapshot_age_seconds',
      'Time since the database last confirmed what is answered from; +Inf before the first time.',
      {},
      () => snapshots.age / 1000,
    );
    metrics.gauge(
      'licentia_database_up',
      'Whether the last look at the database succeeded, a moment ago.',
      {},
      () => (snapshots.fresh ? 1 : 0),
    );
  }
}
