import { Global, Module } from '@nestjs/common';
import { SnapshotService } from './snapshot.service.js';

/** One truth for every answer: see {@link SnapshotService}. */
@Global()
@Module({ providers: [SnapshotService], exports: [SnapshotService] })
export class SnapshotModule {}
