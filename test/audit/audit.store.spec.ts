import { AuditRetention } from '../../src/audit/audit-retention.js';
import { type AuditFilter, AuditStore } from '../../src/audit/audit.store.js';
import { AuditStage } from './audit-stage.js';

const DAY = 86_400_000;

describe('The audit log', () => {
  let stage: AuditStage;

  beforeAll(async () => {
    stage = await AuditStage.open();
  });

  afterEach(async () => {
    await stage.query('TRUNCATE audit_event');
  });

  afterAll(async () => {
    await stage.close();
  });

  const NONE = {
    from: undefined,
    to: undefined,
    actor: undefined,
    action: undefined,
    target: undefined,
    before: undefined,
  };

  async function targets(filter: Partial<AuditFilter>, limit = 100): Promise<string[]> {
    const store = new AuditStore(stage.clock);
    const page = await stage.database.read((manager) => store.page(manager, { ...NONE, ...filter }, limit));
    return page.records.map(({ target }) => target);
  }

  it('is listed from the newest to the oldest, by what is asked', async () => {
    const second = Math.floor(stage.clock.now() / 1000);
    stage.clock.hold(second * 1000 + 999);
    await stage.record('a', 'b');
    stage.clock.hold((second + 1) * 1000);
    await stage.record('a', 'd');
    stage.clock.set((second + 2) * 1000);

    expect(await targets({})).toEqual(['d', 'a', 'b', 'a']);
    expect(await targets({ target: 'a' })).toEqual(['a', 'a']);
    expect(await targets({ to: second })).toEqual(['b', 'a']);
    expect(await targets({ from: second + 1 })).toEqual(['d', 'a']);
    expect(await targets({ from: second, to: second + 1 }, 3)).toEqual(['d', 'a', 'b']);
    expect(await targets({ actor: 'bootstrap' })).toHaveLength(4);
    expect(await targets({ actor: 'boot' })).toEqual([]);
    expect(await targets({ action: 'role.add' })).toHaveLength(4);
    expect(await targets({ action: 'role.' })).toHaveLength(4);
    expect(await targets({ action: 'role' })).toEqual([]);
    expect(await targets({ action: '%.' })).toEqual([]);
  });

  it('has every record on exactly one page, also when others come in between', async () => {
    await stage.record(...Array.from({ length: 7 }, (_, index) => `old ${index}`));
    const store = new AuditStore(stage.clock);
    const seen: string[] = [];
    for (let before: number | undefined; ;) {
      const page = await stage.database.read((manager) => store.page(manager, { ...NONE, before }, 3));
      seen.push(...page.records.map(({ target }) => target));
      await stage.record('new');
      before = page.records.at(-1)?.id;
      if (page.isLast) break;
    }
    expect(seen).toEqual(['old 6', 'old 5', 'old 4', 'old 3', 'old 2', 'old 1', 'old 0']);
  });

  it('has shorter pages of long records, each record on one of them', async () => {
    await stage.query(`
      INSERT INTO audit_event (at, actor, action, target, detail, before, request_id)
      SELECT now(), 'system', 'license.install', number::text, jsonb_build_object('prod', repeat('x', 40000)),
        CASE WHEN number <= 100 THEN jsonb_build_object('prod', repeat('x', 5000000)) END, ''
      FROM generate_series(98, 300) AS number`);
    const store = new AuditStore(stage.clock);
    const pages: number[] = [];
    const seen: string[] = [];
    for (let before: number | undefined; ;) {
      const page = await stage.database.read((manager) => store.page(manager, { ...NONE, before }, 1000));
      pages.push(page.records.length);
      seen.push(...page.records.map(({ target }) => target));
      before = page.records.at(-1)?.id;
      if (page.isLast) break;
    }
    expect(pages).toEqual([104, 96, 1, 1, 1]);
    expect(seen).toEqual(Array.from({ length: 203 }, (_, index) => String(300 - index)));
  });

  it('loses counts that are older than the retention, however many, and no record that is not sealed', async () => {
    await stage.query(`
      INSERT INTO audit_refusal (hour, code, client, caller, operation, times, first_at, last_at)
      SELECT now() - interval '11 days', 'x', number::text, '', '', 1, now(), now() FROM generate_series(1, 1500) AS number`);
    await stage.record('new');
    const retention = stage.replica(AuditRetention);
    await Promise.all([retention.prune(), stage.replica(AuditRetention).prune()]);
    expect(await targets({})).toEqual(['new']);
    expect(await stage.query('SELECT id FROM audit_refusal')).toEqual([]);
  });

  it('loses nothing when the clock jumps ahead', async () => {
    await stage.record('new');
    const retention = stage.replica(AuditRetention);
    const now = stage.clock.now();
    stage.clock.set(now + 20 * DAY);
    await retention.prune();
    expect(await targets({})).toEqual(['new']);
    stage.clock.set(now);
  });
});
