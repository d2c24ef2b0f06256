import { Injectable } from '@nestjs/common';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { ProcessState } from './process-state.js';

/**
 * Whether the service can answer the check truthfully: once a snapshot was read it can, with or without a database behind
 * it, but for a license that waits for the keys that the operator named.
 */
@Injectable()
export class Readiness {
  constructor(
    private readonly process: ProcessState,
    private readonly snapshots: SnapshotService,
  ) {}

  get status(): 'starting' | 'ready' | 'draining' {
    if (this.process.draining) return 'draining';
    const license = this.snapshots.current?.license;
    return license === undefined || license.content.kind === 'undecided' ? 'starting' : 'ready';
  }
}
