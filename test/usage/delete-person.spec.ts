import { DAY } from '../../src/domain/clock.js';
import { ActiveSubjects } from '../../src/usage/subjects/active-subjects.js';
import { Refusals } from '../../src/usage/subjects/refusals.js';
import { SeenBuffer } from '../../src/usage/subjects/seen-buffer.js';
import { SubjectDeletions } from '../../src/usage/subjects/subject-deletions.js';
import { UsageRetention } from '../../src/usage/usage-retention.js';
import { UsageStage } from '../e2e/usage/usage-stage.js';

describe('DELETE /api/licensing/usage/subjects', () => {
  let usage: UsageStage;

  beforeAll(async () => {
    usage = await UsageStage.open();
  });

  afterEach(async () => {
    await usage.clear();
    await usage.stage.change('DELETE FROM usage_deletion');
  });

  afterAll(async () => {
    await usage.close();
  });

  const remove = async (subject: string, more: object = {}) =>
    (await usage.stage.service.delete('/api/licensing/usage/subjects', { subject, ...more })).body;
  const part = <T>(type: new (...args: never[]) => T): T =>
    usage.stage.service.running.application.nest.get(type);
  const everything = async () => {
    const tables = ['usage_subject', 'usage_denial', 'usage_session', 'usage_count', 'usage_day'];
    const rows = await Promise.all(
      [...tables, 'usage_open_day', 'audit_event'].map((table) =>
        usage.stage.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`),
      ),
    );
    return rows
      .flat()
      .map(({ row }) => row)
      .join('\n');
  };

  it('leaves nothing of the person, counts all others, and changes no closed day', async () => {
    await usage.license({ included_users: 2, seat_policy: { leave: 'free' } });
    await usage.admit('anna', { role: 'editor' });
    await usage.admit('bert');
    await usage.admit('carl');
    await usage.stage.service.call('PUT', '/api/licensing/usage/sessions/s1', { body: { subject: 'carl' } });
    await usage.stage.service.call('PUT', '/api/licensing/usage/sessions/s2', { body: { subject: 'anna' } });
    usage.days(1);
    const { days } = await usage.get('history');
    for (const [name, used] of [
      ['anna', 1],
      ['carl', 1],
      ['bert', 0],
    ] as const) {
      // One who freed a seat is in no count.
      if (name === 'bert') await usage.left('bert');
      const { subject } = await usage.explain(name);
      expect(await everything()).toContain(subject);
      expect(await remove(name)).toEqual({ deleted: true });
      expect(await everything()).not.toContain(subject);
      expect(await usage.explain(name)).toMatchObject({ counted: false, rule: 'never-seen' });
      expect((await usage.usage()).used).toBe(used);
      expect(await remove(name)).toEqual({ deleted: false });
      expect((await usage.usage()).used).toBe(used);
    }
    const [sum] = await usage.stage.query<{ sum: string }>('SELECT sum(subjects) AS sum FROM usage_count');
    expect(sum).toEqual({ sum: '0' });
    expect((await usage.get('history')).days).toEqual(days);
    expect((await usage.admit('anna')).reason).toBe('seat-free');
  });

  it('is in the audit log without the name, for users and devices', async () => {
    await usage.license();
    await usage.seen({ subject: 'tablet', kind: 'device' });
    expect(await remove('tablet')).toEqual({ deleted: false });
    expect(await remove('tablet', { kind: 'device' })).toEqual({ deleted: true });
    const { records } = (
      await usage.stage.service.get('/api/audit?action=usage.subject.delete&target=usage&limit=2')
    ).body;
    expect(records.map(({ after }: { after: object }) => after)).toEqual([
      { kind: 'device', deleted: true },
      { kind: 'user', deleted: false },
    ]);
    expect(JSON.stringify(records)).not.toContain('tablet');
  });

  it('keeps out what this and other replicas, and the product, heard of the person before', async () => {
    await usage.license({ included_users: 1 });
    await usage.admit('anna');
    await usage.seen({ subject: 'bert' });
    const [anna, bert] = [await usage.explain('anna'), await usage.explain('bert')];
    // As the buffer of another replica has it, whose clock is ahead.
    const at = usage.stage.now + 30;
    await remove('anna');
    await remove('bert');
    part(SeenBuffer).add([[anna.subject, { role: 'viewer', from: at, at }]]);
    await usage.seen({ subject: 'bert', at: usage.stage.now - 9 * DAY });
    await usage.flush();
    expect(await everything()).not.toMatch(`${anna.subject}|${bert.subject}`);
    expect((await usage.usage()).used).toBe(0);
    // Who comes back later is a new person.
    usage.stage.service.clock.advance(61_000);
    await usage.seen({ subject: 'bert' });
    await usage.flush();
    const today = new Date(usage.stage.now * 1000).toISOString().slice(0, 10);
    expect(await usage.explain('bert')).toMatchObject({ counted: true, firstSeen: today });
  });

  it('keeps the number of refusals, those that wait in the memory of another replica too', async () => {
    await usage.license({ included_users: 1 });
    await usage.admit('anna');
    await usage.admit('bert');
    await usage.stage.change(
      // A minute ahead, as a deletion is.
      `INSERT INTO usage_deletion SELECT subject, ${usage.stage.now + 60} FROM usage_denial`,
    );
    // They wait in memory, as those of another replica that has not heard of it.
    for (let times = 0; times < 2; times += 1) await usage.admit('bert');
    // Which waits for one that is under way.
    void part(Refusals).flush();
    await part(Refusals).flush();
    const rows = 'SELECT times FROM usage_denial ORDER BY subject';
    expect(await usage.stage.query(rows)).toEqual([{ times: '2' }, { times: '1' }]);
    await remove('bert');
    expect((await usage.get('denials')).denials).toEqual([]);
    expect(await usage.stage.query('SELECT subject, times FROM usage_denial')).toEqual([
      { subject: '', times: '3' },
    ]);
    expect((await usage.admit('bert')).admitted).toBe(false);
    expect((await usage.get('denials')).denials).toMatchObject([{ times: 1 }]);
  });

  it('is followed by the other replicas, and forgotten when no report from before can come any more', async () => {
    await usage.license();
    // One by a clock that was ahead, and was followed.
    await usage.stage.change(
      `INSERT INTO usage_deletion (subject, until) VALUES ('x', ${usage.stage.now + DAY})`,
    );
    await usage.admit('nina');
    const { subject } = await usage.explain('nina');
    const known = () => part(ActiveSubjects).find(subject) !== undefined;
    await part(SubjectDeletions).follow();
    expect(known()).toBe(true);
    await usage.stage.change(
      `INSERT INTO usage_deletion (subject, until) VALUES ('${subject}', ${usage.stage.now + 60})`,
    );
    await part(SubjectDeletions).follow();
    expect(known()).toBe(false);
    // The same deletion does not make it forget who came back.
    await usage.admit('nina', { role: 'editor' });
    await part(SubjectDeletions).follow();
    expect(known()).toBe(true);
    usage.days(37);
    await part(UsageRetention).prune();
    expect(await usage.stage.query('SELECT subject FROM usage_deletion')).toEqual([]);
  });
});
