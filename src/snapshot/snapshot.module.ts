import { Global, Module } from '@nestjs/common';
import { CallerRights } from './caller-rights.js';
import { SnapshotListener } from './snapshot-listener.js';
import { SnapshotMetrics } from './snapshot-metrics.js';
import { SnapshotService } from './snapshot.service.js';
import { SnapshotVersionStore } from './snapshot-version.store.js';

/** One truth for every answer: see {@link SnapshotService}. */
@Global()
@Module({
  providers: [SnapshotVersionStore, SnapshotService, CallerRights, SnapshotListener, SnapshotMetrics],
  exports: [SnapshotService, CallerRights],
})
export class SnapshotModule {}
