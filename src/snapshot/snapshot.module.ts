import { Global, Module } from '@nestjs/common';
import { SnapshotMetrics } from './snapshot-metrics.js';
import { SnapshotService } from './snapshot.service.js';

/** One truth for every answer: see {@link SnapshotService}. */
@Global()
@Module({ providers: [SnapshotService, SnapshotMetrics], exports: [SnapshotService] })
export class SnapshotModule {}
