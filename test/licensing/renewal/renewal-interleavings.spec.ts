import {
  again,
  between,
  exploreAll,
  MAX_TEST_MS,
  newest,
  queueing,
  removal,
  renewal,
  rollback,
} from './interleaving/operations.js';
import { type Operation, RenewalWorld } from './interleaving/renewal-world.js';

describe('Renewals and changes of one license, step by step in every order', () => {
  let world: RenewalWorld;

  beforeAll(async () => {
    world = await RenewalWorld.create();
  });

  afterAll(async () => {
    await world.close();
  });

  it.each<[string, Record<string, Operation>, number]>([
    ['a renewal, with two faults', { renewal }, 2],
    ['a renewal and a removal, with a fault', { renewal, removal }, 1],
    ['a renewal and an upload of the newest token, with a fault', { renewal, upload: newest }, 1],
    ['a renewal and an upload of a token between, with a fault', { renewal, upload: between }, 1],
    ['a renewal, and a removal before an upload', { renewal, upload: again }, 0],
    ['a renewal and a rollback, with a fault', { renewal, rollback }, 1],
  ])('%s', async (title, operations, faults) => exploreAll(title, world, operations, faults), MAX_TEST_MS);

  it(
    'a renewal while the issuer revokes the license',
    async () => {
      await exploreAll('a renewal and a revocation', world, { renewal }, 0, [world.issuerRevokes]);
    },
    MAX_TEST_MS,
  );

  it(
    'a renewal while a license of the next term is queued',
    async () => {
      const operations = { renewal, upload: queueing };
      await exploreAll('a renewal and a license for the queue', world, operations, 0, [world.nextTermBegins]);
    },
    MAX_TEST_MS,
  );
});
