import { LicenseHistory } from '../../../../src/licensing/history/license-history.js';
import { LicenseInstaller } from '../../../../src/licensing/install/license-installer.js';
import { LicensingService } from '../../../../src/licensing/licensing.service.js';
import { LicenseRenewal } from '../../../../src/licensing/renewal/license-renewal.js';
import { LicenseQueue } from '../../../../src/licensing/terms/license-queue.js';
import { atStep, explore, type WorldEvent } from './explorer.js';
import { by, type Operation, type RenewalWorld } from './renewal-world.js';

const INSTANCE = 'http://localhost:3000/';
/** No upload that waits, none that takes something away. */
const AS_IT_IS = { queue: false, acknowledge: false };

export const renewal: Operation = async (replica) => replica.get(LicenseRenewal).renew(by('renewal'));
export const removal: Operation = async (replica) =>
  replica.get(LicensingService).remove(by('removal'), INSTANCE);
export const rollback: Operation = async (replica) => replica.get(LicenseHistory).rollback(by('rollback'));
/** Of a token that is newer than any that the issuer gives. */
export const newest: Operation = async (replica, world) =>
  replica.get(LicenseInstaller).install(by('upload'), world.token('newest', 500), AS_IT_IS);
/** Of a token that is between those which the issuer gives. */
export const between: Operation = async (replica, world) =>
  replica.get(LicenseInstaller).install(by('upload'), world.token('between', 15), AS_IT_IS);
/** Of the license of the next term. */
export const queueing: Operation = async (replica, world) =>
  replica
    .get(LicenseInstaller)
    .install(by('upload'), world.nextTermsToken('two'), { queue: true, acknowledge: false });
/** Of yet another license of the next term, in the place of the one that waits. */
export const requeueing: Operation = async (replica, world) =>
  replica
    .get(LicenseInstaller)
    .install(by('upload'), world.nextTermsToken('three', 'other next'), { queue: true, acknowledge: false });
/** Of another license, once a renewal of the present one is done. */
export const anotherAfterRenewal: Operation = async (replica, world) => {
  await replica.get(LicenseRenewal).renew(by('renewal'));
  return replica.get(LicenseInstaller).install(by('upload'), world.token('another', 500, 'four'), AS_IT_IS);
};
/** What each replica does by itself, again and again. */
export const promotion: Operation = async (replica) => {
  await atStep('wake');
  return replica.get(LicenseQueue).promoteIfDue();
};
/** Of the very license that was removed. */
export const again: Operation = async (replica, world) => {
  await replica.get(LicensingService).remove(by('removal'), INSTANCE);
  return replica.get(LicenseInstaller).install(by('upload'), world.token('again', 5), AS_IT_IS);
};

/** Everything takes longer beside other work; alone it is a tenth of this. */
export const MAX_TEST_MS = 600_000;
/** The longest ones run with `INTERLEAVINGS=all` alone: a change of the protocol is worth it, each build is not. */
export const itWhenAll = process.env.INTERLEAVINGS === 'all' ? it : it.skip;

/** Runs every order of these operations. Fails where one of them breaks a rule, or where nothing was explored. */
export async function exploreAll(
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
