import { Injectable } from '@nestjs/common';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { ProcessState } from './process-state.js';

/** Whether the service can answer: once a snapshot was read it can, with or without a database behind it. */
@Injectable()
export class Readiness {
  constructor(
    private readonly process: ProcessState,
    private readonly snapshots: SnapshotService,
  ) {}

  get status(): 'starting' | 'ready' | 'draining' {
    if (this.process.draining) return 'draining';
    return this.snapshots.current === undefined ? 'starting' : 'ready';
  }
}
