import { Database } from '../../src/database/database.js';
import { readKeySet } from '../../src/domain/key-set.js';
import { authenticateLicenseToken } from '../../src/domain/license-token.js';
import { LicenseStore } from '../../src/licensing/license.store.js';
import { RenewalJournal } from '../../src/licensing/renewal-journal.js';
import { RenewalStore } from '../../src/licensing/renewal.store.js';
import { shareStage, type Stage } from '../e2e/licensing/stage.js';

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
    const held = await database.read((manager) => nest.get(LicenseStore).load(manager));
    const turn = await store.begin(held, license);
    if (turn === undefined) throw new Error('the license was changed since it was read');
    await database.transaction((manager) => journal.succeeded(manager, turn, 'renewed', license));
    await journal.notDue(turn, license);
    const state = await database.read((manager) => store.state(manager));
    expect(state).toMatchObject({ lastOutcome: 'renewed', failures: 0 });
  });
});
