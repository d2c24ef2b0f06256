import {
  anotherAfterRenewal,
  exploreAll,
  itWhenAll,
  MAX_TEST_MS,
  newest,
  promotion,
  removal,
  renewal,
  requeueing,
  rollback,
} from './interleaving/operations.js';
import { type Operation, RenewalWorld } from './interleaving/renewal-world.js';

describe('Changes of one license while the term of a queued one begins, in every order', () => {
  let world: RenewalWorld;

  beforeAll(async () => {
    world = await RenewalWorld.create({ queued: 'two' });
  });

  afterAll(async () => {
    await world.close();
  });

  it.each<[string, Record<string, Operation>, number]>([
    ['a renewal, with a fault', { renewal }, 1],
    ['a renewal and the look for the next term', { renewal, promotion }, 0],
    ['a renewal and a removal', { renewal, removal }, 0],
    ['a renewal and an upload of the newest token', { renewal, upload: newest }, 0],
    ['a renewal and a rollback', { renewal, rollback }, 0],
    ['a removal and the look for the next term, with a fault', { removal, promotion }, 1],
    ['a rollback and the look for the next term, with a fault', { rollback, promotion }, 1],
    ['an upload and the look for the next term, with a fault', { upload: newest, promotion }, 1],
    [
      'an upload that waits and the look for the next term, with a fault',
      { upload: requeueing, promotion },
      1,
    ],
    ['an upload that waits and a removal', { upload: requeueing, removal }, 0],
  ])(
    '%s',
    async (title, operations, faults) => exploreAll(title, world, operations, faults, [world.nextTermBegins]),
    MAX_TEST_MS,
  );

  itWhenAll(
    'a renewal and the look for the next term, with a fault',
    async () => {
      const operations = { renewal, promotion };
      await exploreAll('a renewal and the look for the next term', world, operations, 1, [
        world.nextTermBegins,
      ]);
    },
    MAX_TEST_MS,
  );
});

describe('The same where the queued license is one of the same license', () => {
  let world: RenewalWorld;

  beforeAll(async () => {
    world = await RenewalWorld.create({ queued: 'one' });
  });

  afterAll(async () => {
    await world.close();
  });

  it.each<[string, Record<string, Operation>, number]>([
    ['a renewal of one license, with a fault', { renewal }, 1],
    ['a renewal of one license and the look for the next term', { renewal, promotion }, 0],
    [
      'an upload of another license after a renewal, and the look',
      { upload: anotherAfterRenewal, promotion },
      0,
    ],
  ])(
    '%s',
    async (title, operations, faults) => exploreAll(title, world, operations, faults, [world.nextTermBegins]),
    MAX_TEST_MS,
  );
});
