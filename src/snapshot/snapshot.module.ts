import { Global, Module } from '@nestjs/common';
import { SnapshotListener } from './snapshot-listener.js';
import { SnapshotMetrics } from './snapshot-metrics.js';
import { SnapshotService } from './snapshot.service.js';
import { SnapshotVersionStore } from './snapshot-version.store.js';

/** One truth for every answer: see {@link SnapshotService}. */
@Global()
@Module({
  providers: [SnapshotVersionStore, SnapshotService, SnapshotListener, SnapshotMetrics],
  exports: [SnapshotService],
})
export class SnapshotModule {}
