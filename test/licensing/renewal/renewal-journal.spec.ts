import { Database } from '../../../src/database/database.js';
import { readKeySet } from '../../../src/domain/token/key-set.js';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import { IssuerPauseError } from '../../../src/issuer/license-issuer.js';
import { StoredLicenseLoader } from '../../../src/licensing/license/stored-license-loader.js';
import { RenewalJournal } from '../../../src/licensing/renewal/renewal-journal.js';
import { RenewalStore } from '../../../src/licensing/renewal/renewal.store.js';
import { shareStage, type Stage } from '../../e2e/licensing/stage.js';

describe('The journal of renewals', () => {
  let stage: Stage;
  shareStage((shared) => (stage = shared));

  it('keeps what another replica noted when the answer "not due" comes after the lease', async () => {
    const { nest } = stage.service.running.application;
    const [database, journal, store] = [nest.get(Database), nest.get(RenewalJournal), nest.get(RenewalStore)];
    const license = await authenticateLicenseToken(
      await stage.install({ lid: 'L-journal' }),
      await readKeySet({ keys: [stage.issuer.key.jwk] }),
    );
    const stored = await database.read((manager) => nest.get(StoredLicenseLoader).load(manager));
    const lease = await store.acquire(stored, license);
    if (lease === undefined) throw new Error('the license was changed since it was read');
    await database.transaction((manager) => journal.succeeded(manager, lease, 'renewed', license));
    await journal.notDue(lease, license);
    const state = await database.read((manager) => store.state(manager));
    expect(state).toMatchObject({ lastOutcome: 'renewed', failures: 0 });
  });

  it('plans the next attempt within minutes after many pauses that the issuer asked for', async () => {
    const { nest } = stage.service.running.application;
    const [database, journal, store] = [nest.get(Database), nest.get(RenewalJournal), nest.get(RenewalStore)];
    const license = await authenticateLicenseToken(
      await stage.install({ lid: 'L-paused' }),
      await readKeySet({ keys: [stage.issuer.key.jwk] }),
    );
    for (let i = 0; i < 20; i += 1) {
      const stored = await database.read((manager) => nest.get(StoredLicenseLoader).load(manager));
      const lease = await store.acquire(stored, license);
      if (lease === undefined) throw new Error('the license was changed since it was read');
      await journal.failed(lease, license, new IssuerPauseError(new Error('the issuer answered 429'), 1));
      const { failures, nextAttemptAt, lastAttemptAt } = await database.read((manager) =>
        store.state(manager),
      );
      expect(failures).toBe(i + 1);
      expect(Number(nextAttemptAt) - Number(lastAttemptAt)).toBeGreaterThanOrEqual(1_000);
      expect(Number(nextAttemptAt) - Number(lastAttemptAt)).toBeLessThanOrEqual(601_000);
    }
  });
});
