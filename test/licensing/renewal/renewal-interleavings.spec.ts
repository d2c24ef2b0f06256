import { LicenseHistory } from '../../../src/licensing/history/license-history.js';
import { LicenseInstaller } from '../../../src/licensing/install/license-installer.js';
import { LicenseRenewal } from '../../../src/licensing/renewal/license-renewal.js';
import { LicenseQueue } from '../../../src/licensing/terms/license-queue.js';
import { LicensingService } from '../../../src/licensing/licensing.service.js';
import { atStep, explore, type WorldEvent } from './interleaving/explorer.js';
import { FULL_GEAR } from '../../support/gear.js';
import { by, type Operation, RenewalWorld } from './interleaving/renewal-world.js';

const INSTANCE = 'http://localhost:3000/';
/** No upload that waits, none that takes something away. */
const AS_IT_IS = { queue: false, acknowledge: false };

const renewal: Operation = async (replica) => replica.get(LicenseRenewal).renew(by('renewal'));
const removal: Operation = async (replica) => replica.get(LicensingService).remove(by('removal'), INSTANCE);
const rollback: Operation = async (replica) => replica.get(LicenseHistory).rollback(by('rollback'));
/** Of a token that is newer than whatever the issuer gives. */
const newest: Operation = async (replica, world) =>
  replica.get(LicenseInstaller).install(by('upload'), world.token('newest', 500), AS_IT_IS);
/** Of a token that is between those which the issuer gives. */
const between: Operation = async (replica, world) =>
  replica.get(LicenseInstaller).install(by('upload'), world.token('between', 15), AS_IT_IS);
/** Of the license of the next term. */
const queueing: Operation = async (replica, world) =>
  replica
    .get(LicenseInstaller)
    .install(by('upload'), world.nextTermsToken('two'), { queue: true, acknowledge: false });
/** Of yet another license of the next term, in the place of the one that waits. */
const requeueing: Operation = async (replica, world) =>
  replica
    .get(LicenseInstaller)
    .install(by('upload'), world.nextTermsToken('three', 'other next'), { queue: true, acknowledge: false });
/** Of another license, once a renewal of the present one is done. */
const anotherAfterRenewal: Operation = async (replica, world) => {
  await replica.get(LicenseRenewal).renew(by('renewal'));
  return replica.get(LicenseInstaller).install(by('upload'), world.token('another', 500, 'four'), AS_IT_IS);
};
/** What each replica does by itself, again and again. */
const promotion: Operation = async (replica) => {
  await atStep('wake');
  return replica.get(LicenseQueue).promoteIfDue();
};
/** Of the very license that was removed. */
const again: Operation = async (replica, world) => {
  await replica.get(LicensingService).remove(by('removal'), INSTANCE);
  return replica.get(LicenseInstaller).install(by('upload'), world.token('again', 5), AS_IT_IS);
};

const two = { 'renewal 1': renewal, 'renewal 2': renewal };

/** Skipped in the quick gear: these two are 60 % of the suite. */
const itInFullGear = FULL_GEAR ? it : it.skip;
/** The longest ones run with `INTERLEAVINGS=all` alone: a change of the protocol is worth it, each build is not. */
const itWhenAll = process.env.INTERLEAVINGS === 'all' ? it : it.skip;
/** Everything takes longer beside other work; alone it is a tenth of this. */
const MAX_TEST_MS = 600_000;

async function exploreAll(
  title: string,
  world: RenewalWorld,
  operations: Readonly<Record<string, Operation>>,
  faults: number,
  events: readonly WorldEvent[] = [],
): Promise<void> {
  const { runs, ends, states } = await explore(world.play(operations, events), faults);
  process.stderr.write(`${title}: ${runs} interleavings, ${states} states, ${ends} ends\n`);
  expect(ends).toBeGreaterThan(1);
}

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
    ['two renewals', two, 0],
  ])('%s', async (title, operations, faults) => exploreAll(title, world, operations, faults), MAX_TEST_MS);

  itInFullGear.each<[string, Record<string, Operation>, number]>([
    ['two renewals, with a fault', two, 1],
    ['two renewals and a removal', { ...two, removal }, 0],
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

describe('The same while the term of a queued license begins', () => {
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

describe('The same where the next term is one of the same license', () => {
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
