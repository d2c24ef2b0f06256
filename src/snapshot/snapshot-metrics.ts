import { Injectable } from '@nestjs/common';
import { ChangeListener } from '../database/change-listener.js';
import { Metrics } from '../metrics/metrics.js';
import { SnapshotService } from './snapshot.service.js';

/** How old the truth is that requests are answered from. No query: the snapshot polls the database. */
@Injectable()
export class SnapshotMetrics {
  constructor(metrics: Metrics, snapshots: SnapshotService, changes: ChangeListener) {
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
    metrics.gauge(
      'licentia_snapshot_listening',
      'Whether changes of other replicas are notified to this one; 0 with an embedded database.',
      {},
      () => Number(changes.isListening),
    );
  }
}
