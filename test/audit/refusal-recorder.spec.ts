import { AuditRefusalStore, type ListedRefusals } from '../../src/audit/audit-refusal.store.js';
import { type Refusal, RefusalRecorder } from '../../src/audit/refusal-recorder.js';
import { AuditStage } from './audit-stage.js';

const HOUR = 3_600_000;
const ANY = { client: '*', caller: '*', operation: '*' };

describe('Refused requests', () => {
  let stage: AuditStage;

  beforeAll(async () => {
    stage = await AuditStage.open();
  });

  afterEach(async () => {
    await stage.query('TRUNCATE audit_refusal');
    stage.clock.advance(2 * HOUR);
  });

  afterAll(async () => {
    await stage.close();
  });

  const from = (client: string, more: Partial<Refusal> = {}): Refusal => ({
    code: 'api-key.invalid',
    client,
    caller: '',
    operation: 'GET /api/licensing/check',
    ...more,
  });

  async function stored(): Promise<ListedRefusals[]> {
    return stage.database.read((manager) => new AuditRefusalStore().page(manager, 1000));
  }

  it('are one row for each kind, also when two replicas refuse them and write several times', async () => {
    const [one, other] = [stage.replica(RefusalRecorder), stage.replica(RefusalRecorder)];
    const begin = stage.clock.now() - (stage.clock.now() % HOUR);
    stage.clock.hold(begin + 1000);
    one.note(from('192.0.2.1'));
    await one.write();
    stage.clock.hold(begin + 3000);
    one.note(from('192.0.2.1'));
    other.note(from('192.0.2.1'));
    await Promise.all([one.write(), other.write()]);
    stage.clock.set(begin + 4000);
    const row = { ...from('192.0.2.1'), hour: begin, times: 3, firstAt: begin + 1000, lastAt: begin + 3000 };
    expect(await stored()).toEqual([{ ...row, id: expect.any(Number) }]);
  });

  it('of different codes, callers, operations and hours are rows of their own', async () => {
    const recorder = stage.replica(RefusalRecorder);
    recorder.note(from('192.0.2.1'));
    recorder.note(from('192.0.2.1', { code: 'api-key.expired' }));
    recorder.note(from('192.0.2.1', { caller: 'service-account:7' }));
    recorder.note(from('192.0.2.1', { operation: 'GET /api/licensing/token' }));
    stage.clock.advance(HOUR);
    recorder.note(from('192.0.2.1'));
    await recorder.write();
    expect(await stored()).toHaveLength(5);
  });

  it('in a flood are counted, not stored one by one, and do not hide those of known callers', async () => {
    const recorder = stage.replica(RefusalRecorder);
    for (let index = 0; index < 20_000; index += 1) recorder.note(from(`client ${index}`));
    await recorder.write();
    for (let index = 0; index < 20_000; index += 1) recorder.note(from(`another ${index}`));
    recorder.note(from('192.0.2.1', { code: 'access.denied', caller: 'service-account:7' }));
    await recorder.write();
    const rows = await stored();
    expect(rows).toHaveLength(52);
    expect(rows.reduce((sum, { times }) => sum + times, 0)).toBe(40_001);
    expect(rows).toContainEqual(expect.objectContaining({ ...ANY, code: 'api-key.invalid', times: 39_950 }));
    expect(rows).toContainEqual(expect.objectContaining({ caller: 'service-account:7', times: 1 }));
  });

  it('wait while they cannot be written, and are written once', async () => {
    const recorder = stage.replica(RefusalRecorder);
    recorder.note(from('192.0.2.1'));
    await stage.query('ALTER TABLE audit_refusal ADD CONSTRAINT full_disk CHECK (false) NOT VALID');
    await recorder.write();
    recorder.note(from('192.0.2.1'));
    await stage.query('ALTER TABLE audit_refusal DROP CONSTRAINT full_disk');
    await recorder.write();
    await recorder.write();
    expect((await stored()).map(({ times }) => times)).toEqual([2]);
  });

  it('take a bounded place during an outage of a month', () => {
    const recorder = stage.replica(RefusalRecorder);
    for (let hour = 0; hour < 720; hour += 1) {
      for (let index = 0; index < 60; index += 1) recorder.note(from(`client ${index}`));
      stage.clock.advance(HOUR);
    }
    // A thousand names, and an entry of the others for each hour.
    expect(recorder.waiting).toBeLessThanOrEqual(1_000 + 720);
  });

  it('are written when the process ends', async () => {
    const recorder = stage.replica(RefusalRecorder);
    recorder.note(from('192.0.2.1'));
    await recorder.beforeApplicationShutdown();
    expect(await stored()).toHaveLength(1);
  });
});
