import { Database } from '../../../../src/database/database.js';
import { ServiceError } from '../../../../src/domain/service-error.js';
import { LicenseIssuer, type RenewalReply } from '../../../../src/issuer/license-issuer.js';
import {
  RenewalStore,
  type Lease,
  type LeaseOutcome,
} from '../../../../src/licensing/renewal/renewal.store.js';
import { SnapshotService } from '../../../../src/snapshot/snapshot.service.js';
import { TokenTable } from '../../../../src/snapshot/token-table.js';
import { Assembly, type Class } from '../../../support/assembly.js';
import { atStep, KILLED, withinStep } from './explorer.js';

type Work<T> = Parameters<typeof Database.prototype.transaction<T>>[0];

/**
 * The real database; each of its transactions is a step. It can get lost on the way, or be done while the client hears of
 * a failure (a line that is cut between the COMMIT and its answer).
 */
export class SteppedDatabase extends Database {
  override async transaction<T>(work: Work<T>): Promise<T> {
    const how = await atStep('transaction', ['lost', 'done, but not known', KILLED]);
    if (how === 'lost') throw lineCut();
    const result = await withinStep(() => super.transaction(work));
    if (how === 'done, but not known') throw lineCut();
    return result;
  }

  override async read<T>(work: Work<T>): Promise<T> {
    // Whoever fails or dies when he reads has changed nothing since his step before: that one's kill is the same.
    await atStep('read');
    return withinStep(() => super.read(work));
  }
}

/** The real client of the issuer. That the request is sent is a step; its answer is another one, at the issuer. */
class SteppedIssuer extends LicenseIssuer {
  override async renew(...args: Parameters<LicenseIssuer['renew']>): Promise<RenewalReply> {
    await atStep('ask', [KILLED]);
    return super.renew(...args);
  }
}

/** The real snapshot. What a replica reads back after its own change decides nothing any more: it belongs to the change. */
class SteppedSnapshots extends SnapshotService {
  #changing = false;

  override async change<T>(...args: Parameters<typeof SnapshotService.prototype.change<T>>): Promise<T> {
    this.#changing = true;
    try {
      return await super.change(...args);
    } finally {
      this.#changing = false;
    }
  }

  override async refresh(): Promise<void> {
    return this.#changing ? withinStep(() => super.refresh()) : super.refresh();
  }
}

/** The real store; a replica that waits for another one's lease looks when something has changed, not every 100 ms. */
class SteppedRenewalStore extends RenewalStore {
  override async outcomeOf(lease: Lease): Promise<LeaseOutcome | undefined> {
    for (let again = false; ; again = true) {
      await atStep('look', [], again);
      const result = await withinStep(() => super.outcomeOf(lease));
      if (result !== undefined) return result;
    }
  }
}

/** What each replica has of its own kind, in the place of what Nest would give it. */
const INSTEAD = new Map<unknown, Class<unknown>>([
  [LicenseIssuer, SteppedIssuer],
  [RenewalStore, SteppedRenewalStore],
  [SnapshotService, SteppedSnapshots],
]);

/** One replica's real objects. */
export class Replica extends Assembly {
  /** @param given - what replicas share, by its injection token */
  constructor(given: Iterable<readonly [unknown, unknown]>) {
    super(given, INSTEAD);
    this.get(SnapshotService).register('tokens', async () => new TokenTable());
  }
}

function lineCut(): ServiceError {
  const cause = new Error('the line was cut');
  return new ServiceError('database.unavailable', undefined, { cause, retryAfter: 2 });
}
