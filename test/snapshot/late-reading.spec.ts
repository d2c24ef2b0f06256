import { jest } from '@jest/globals';
import { hashToken } from '../../src/access/service-account-token.js';
import { ACTOR, type Replica, ReplicaStage } from '../accounts/replica-stage.js';

describe('A reading of the snapshot that ends after a change has brought memory up to date', () => {
  let stage: ReplicaStage;
  let here: Replica;
  let there: Replica;

  beforeAll(async () => {
    stage = await ReplicaStage.open();
    [here, there] = [stage.replica(), stage.replica()];
  });

  afterAll(async () => {
    await stage.close();
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** Holds the next reading once it has read. @returns lets it go on */
  function holdReading(): { readonly hasRead: Promise<void>; readonly goOn: () => void } {
    const read = stage.database.read.bind(stage.database);
    let goOn = (): void => undefined;
    let ends = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const hasRead = new Promise<void>((resolve) => (ends = resolve));
    jest.spyOn(stage.database, 'read').mockImplementationOnce(async (work) => {
      const result = await read(work);
      ends();
      await held;
      return result;
    });
    return { hasRead, goOn: () => goOn() };
  }

  const asker = { id: 'service-account:1', requestId: '', assertStillAllowed: () => undefined };
  /** A change that waited for its turn: it looks at the database before its actor is judged. */
  const catchUp = async () =>
    here.snapshots.change(async () => Promise.resolve({ changed: false, value: undefined }), asker);

  it.each([
    ['of everything', true],
    ['of what changed', false],
  ])('gives nothing back that was taken away: %s', async (_name, isReload) => {
    const account = { name: `account ${isReload}`, role: 'None', isDisabled: false } as const;
    const id = Number((await there.accounts.create(ACTOR, account)).id);
    const token = await there.accounts.createToken(ACTOR, id, 'token', 0);
    const isRevoked = () => here.known([hashToken(token.key)])[0]?.revoked;
    if (isReload) await here.snapshots.refresh();
    const before = here.readings.whole;
    if (isReload) here.snapshots.reload();
    const { hasRead, goOn } = holdReading();
    const reading = here.snapshots.refresh();
    await hasRead;
    await there.accounts.revokeToken(ACTOR, id, token.id);
    await catchUp();
    expect(isRevoked()).toBe(true);
    const { version } = here.snapshots.known;
    goOn();
    await reading;
    expect([isRevoked(), here.snapshots.known.version]).toEqual([true, version]);
    // What was asked to be read anew is, of the later state.
    expect(here.readings.whole - before).toBe(isReload ? 2 : 0);
    await here.snapshots.refresh();
    expect(here.readings.whole - before).toBe(isReload ? 2 : 0);
  });

  it('is taken where the database has an earlier state since, as after a restore', async () => {
    await here.snapshots.refresh();
    const { version } = here.snapshots.known;
    await stage.query('UPDATE snapshot_version SET version = version - 1, stamp = gen_random_uuid()');
    await here.snapshots.refresh();
    expect(here.snapshots.known.version).toBe(version - 1);
  });
});
