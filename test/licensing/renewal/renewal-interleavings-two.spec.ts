import { FULL_GEAR } from '../../support/gear.js';
import { exploreAll, itWhenAll, MAX_TEST_MS, removal, renewal, rollback } from './interleaving/operations.js';
import { type Operation, RenewalWorld } from './interleaving/renewal-world.js';

const two = { 'renewal 1': renewal, 'renewal 2': renewal };
/** Skipped in the quick gear: these two are 60 % of the suite. */
const itInFullGear = FULL_GEAR ? it : it.skip;

describe('Two renewals of one license, step by step in every order', () => {
  let world: RenewalWorld;

  beforeAll(async () => {
    world = await RenewalWorld.create();
  });

  afterAll(async () => {
    await world.close();
  });

  it('without a fault', async () => exploreAll('two renewals', world, two, 0), MAX_TEST_MS);

  itInFullGear.each<[string, Record<string, Operation>, number]>([
    ['two renewals, with a fault', two, 1],
    ['two renewals and a removal', { ...two, removal }, 0],
  ])('%s', async (title, operations, faults) => exploreAll(title, world, operations, faults), MAX_TEST_MS);

  itWhenAll(
    'two renewals and a rollback',
    async () => exploreAll('two renewals and a rollback', world, { ...two, rollback }, 0),
    MAX_TEST_MS,
  );

  itWhenAll(
    'two renewals while the issuer revokes the license',
    async () => exploreAll('two renewals and a revocation', world, two, 0, [world.issuerRevokes]),
    MAX_TEST_MS,
  );
});
