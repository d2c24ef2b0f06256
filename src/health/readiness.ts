import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { DatabaseFault } from '../database/permanent-fault.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { ProcessState } from './process-state.js';

/**
 * Whether the service can answer the check truthfully: once a snapshot was read it can, with or without a
 * database behind it, but for a license that waits for the keys that the operator named.
 */
@Injectable()
export class Readiness {
  constructor(
    private readonly process: ProcessState,
    private readonly snapshots: SnapshotService,
    private readonly database: Database,
  ) {}

  get status(): 'starting' | 'ready' | 'draining' {
    if (this.process.draining) return 'draining';
    const license = this.snapshots.current?.license;
    return license === undefined || license.content.kind === 'keys-unavailable' ? 'starting' : 'ready';
  }

  /** What keeps the service from being ready, or from more than answering from memory; undefined where nothing does. */
  get reason(): DatabaseFault | 'read-only' | 'issuer-keys' | undefined {
    if (this.process.draining) return undefined;
    if (this.database.fault !== undefined) return this.database.fault;
    if (this.snapshots.current?.license.content.kind === 'keys-unavailable') return 'issuer-keys';
    return this.database.readOnly === true ? 'read-only' : undefined;
  }
}
