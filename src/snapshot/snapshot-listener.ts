import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { ChangeListener } from '../database/change-listener.js';
import { CHANGES } from './snapshot-version.store.js';
import { SnapshotService } from './snapshot.service.js';

/** Has the snapshot look at the database as soon as another replica has changed it. */
@Injectable()
export class SnapshotListener implements OnApplicationBootstrap {
  constructor(
    private readonly changes: ChangeListener,
    private readonly snapshots: SnapshotService,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.changes.start(CHANGES, this.config.database.pollMs, () => {
      // Before the first snapshot there is nothing that could be old.
      if (this.snapshots.current !== undefined) void this.snapshots.refresh().catch(() => undefined);
    });
  }
}
