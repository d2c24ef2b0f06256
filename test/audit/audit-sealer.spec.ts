import { AuditRetention } from '../../src/audit/audit-retention.js';
import { AuditSealer } from '../../src/audit/audit-sealer.js';
import { checkAudit } from '../../src/domain/audit-check.js';
import type { JsonObject } from '../../src/domain/token/strict-json.js';
import { AuditStage } from './audit-stage.js';

const DAY = 86_400_000;

describe('The seals of the audit log', () => {
  let stage: AuditStage;

  beforeAll(async () => {
    stage = await AuditStage.open();
  });

  afterEach(async () => {
    await stage.query('TRUNCATE audit_event, audit_seal');
  });

  afterAll(async () => {
    await stage.close();
  });

  async function exported(): Promise<JsonObject[]> {
    const sealer = stage.replica(AuditSealer);
    const lines: JsonObject[] = [];
    for (let after = 0; ;) {
      const page = linesOf(await sealer.export(after));
      if (page.length === 0) return lines;
      lines.push(...page);
      after = lines.at(-1)?.number as number;
    }
  }

  const linesOf = (text: string) =>
    text.split(/(?<=\n)/).flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JsonObject]));
  const targetsOf = (lines: JsonObject[]) =>
    lines.flatMap(({ target }) => (target === undefined ? [] : [target]));

  it('have every record once and in one chain, also when two replicas seal at the same time', async () => {
    const [one, two] = [stage.replica(AuditSealer), stage.replica(AuditSealer)];
    await stage.record('a', 'b');
    await Promise.all([one.seal(), two.seal(), stage.record('c'), one.seal()]);
    await stage.record('d');
    const lines = await exported();
    expect(checkAudit(lines)).toBeUndefined();
    expect(targetsOf(lines).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(lines.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1));
    expect(new Set(lines.flatMap(({ key }) => key ?? [])).size).toBe(1);
  });

  it('close segments of a thousand records, which an export answers in parts', async () => {
    await stage.query(`
      INSERT INTO audit_event (at, actor, action, target, detail, request_id)
      SELECT now(), 'system', 'role.add', number::text, '{}', '' FROM generate_series(1, 11500) AS number`);
    const lines = await exported();
    expect(checkAudit(lines)).toBeUndefined();
    expect(targetsOf(lines)).toHaveLength(11_500);
    expect(lines.filter(({ seal }) => seal === true)).toHaveLength(12);
    expect(linesOf(await stage.replica(AuditSealer).export(0))).toHaveLength(10_010);
  });

  it('close shorter segments of long records, so that neither a seal nor several exports fill the memory', async () => {
    await stage.query(`
      INSERT INTO audit_event (at, actor, action, target, detail, before, request_id)
      SELECT now(), 'system', 'license.install', number::text, json_build_object('lid', repeat('x', 3000))::jsonb,
        CASE number WHEN 7 THEN json_build_object('lid', repeat('y', 3000000))::jsonb END, ''
      FROM generate_series(1, 4000) AS number`);
    const part = await stage.replica(AuditSealer).export(0);
    expect(part.length).toBeLessThan(8_000_000);
    const lines = await exported();
    expect([checkAudit(lines), targetsOf(lines).length]).toEqual([undefined, 4_000]);
    const seals = lines.flatMap(({ seal, first, number }) =>
      seal === true ? [Number(number) - Number(first)] : [],
    );
    expect(seals.slice(0, 3)).toEqual([6, 1, 347]);
    expect(Math.max(...seals)).toBe(347);
  });

  it('are not all closed by an export, a look at the newest one, or a process that ends', async () => {
    await stage.query(`
      INSERT INTO audit_event (at, actor, action, target, detail, request_id)
      SELECT now(), 'system', 'role.add', number::text, '{}', '' FROM generate_series(1, 30000) AS number`);
    const left = async () =>
      (
        await stage.query<{ left: number }>(
          'SELECT count(*)::int AS left FROM audit_event WHERE number IS NULL',
        )
      )[0];
    const sealer = stage.replica(AuditSealer);
    await Promise.all([sealer.export(0), sealer.export(0)]);
    expect(await left()).toEqual({ left: 20_000 });
    await sealer.export(0);
    expect(await left()).toEqual({ left: 20_000 });
    await sealer.head();
    expect(await left()).toEqual({ left: 10_000 });
    const sealing = sealer.seal();
    await sealer.beforeApplicationShutdown();
    await sealing;
    expect((await left())?.left).toBeGreaterThan(7_000);
    expect(targetsOf(await exported())).toHaveLength(30_000);
  });

  it('leave nothing half done where one cannot be written, and no change waits for them', async () => {
    await stage.record('a');
    await stage.query('ALTER TABLE audit_seal ADD CONSTRAINT full_disk CHECK (false) NOT VALID');
    await expect(stage.replica(AuditSealer).seal()).rejects.toThrow();
    await stage.record('b');
    expect(await stage.query('SELECT id FROM audit_event WHERE number IS NOT NULL')).toEqual([]);
    await stage.query('ALTER TABLE audit_seal DROP CONSTRAINT full_disk');
    const lines = await exported();
    expect([checkAudit(lines), targetsOf(lines)]).toEqual([undefined, ['a', 'b']]);
  });

  it.each([
    ['changed', `UPDATE audit_event SET actor = 'system' WHERE target = 'b'`, 1, 'it was changed'],
    ['changed before', `UPDATE audit_event SET before = '{"x": 1}' WHERE target = 'b'`, 1, 'it was changed'],
    [
      'removed',
      `DELETE FROM audit_event WHERE target = 'b'`,
      1,
      'the records of 2 to 2 before it are missing',
    ],
  ])('show which row was %s in the database', async (_, statement, index, message) => {
    await stage.record('a', 'b', 'c');
    await stage.replica(AuditSealer).seal();
    await stage.query(statement);
    expect(checkAudit(await exported())).toEqual({ index, message: expect.stringContaining(message) });
  });

  it('go with their records when those are old; what is left is sound and goes on', async () => {
    await stage.record('old');
    await stage.replica(AuditSealer).seal();
    await stage.query(`UPDATE audit_seal SET closed_at = closed_at - interval '11 days'`);
    await stage.record('new');
    await stage.replica(AuditSealer).seal();
    await Promise.all([stage.replica(AuditRetention).prune(), stage.replica(AuditRetention).prune()]);
    await stage.record('newest');
    const lines = await exported();
    expect([checkAudit(lines), targetsOf(lines), lines[0]?.number]).toEqual([
      undefined,
      ['new', 'newest'],
      3,
    ]);
  });

  it('keep the last segment however old it is, as the next one follows it', async () => {
    await stage.record('old');
    await stage.replica(AuditSealer).seal();
    await stage.query(`UPDATE audit_seal SET closed_at = closed_at - interval '11 days'`);
    await stage.replica(AuditRetention).prune();
    expect(targetsOf(await exported())).toEqual(['old']);
  });

  it('lose nothing when the clock jumps ahead', async () => {
    await stage.record('a');
    await stage.replica(AuditSealer).seal();
    await stage.record('b');
    await stage.replica(AuditSealer).seal();
    const retention = stage.replica(AuditRetention);
    const now = stage.clock.now();
    stage.clock.set(now + 20 * DAY);
    await retention.prune();
    expect(targetsOf(await exported())).toEqual(['a', 'b']);
    stage.clock.set(now);
  });
});
