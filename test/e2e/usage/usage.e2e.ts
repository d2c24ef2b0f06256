import { MAX_LISTED, Refusals } from '../../../src/usage/subjects/refusals.js';
import { SeenBuffer } from '../../../src/usage/subjects/seen-buffer.js';
import { UsageStage, USAGE } from './usage-stage.js';

const DAY = 86_400;

describe('usage', () => {
  let usage: UsageStage;

  beforeAll(async () => {
    usage = await UsageStage.open({ USAGE_OWN_LIMIT: '100' });
  });

  afterEach(async () => {
    await usage.clear();
  });

  afterAll(async () => {
    await usage.close();
  });

  describe('POST /api/licensing/usage/seen', () => {
    it('counts those who were reported, once each, by their latest role', async () => {
      await usage.license({ included_users: 10, anonymousRatio: 2 });
      const reply = await usage.seen(
        { subject: 'anna' },
        { subject: 'anna', role: 'admin' },
        { subject: 'bert', role: 'editor' },
        { subject: 'carl' },
        { subject: 'anna', kind: 'device' },
      );
      expect([reply.status, reply.body]).toEqual([202, { accepted: 5 }]);
      await usage.flush();
      expect(await usage.stats()).toEqual({
        active_admins_and_editors: 2,
        active_viewers: 1,
        active_users: 3,
        active_anonymous_devices: 1,
      });
      expect(await usage.usage()).toMatchObject({
        licensed: true,
        used: 4,
        limit: 10,
        remaining: 6,
        overage: 0,
        percent: 40,
        roles: { admin: 1, editor: 1, viewer: 1 },
        devices: { active: 1, seats: 1, ratio: 2 },
        warning: { level: null, percent: 40, of: 'license' },
        ownLimit: { used: 4, limit: 100, remaining: 96, overage: 0, percent: 4 },
        policyFaults: [],
        forecast: null,
        age: 0,
      });
    });

    it('changes nothing when it is repeated', async () => {
      await usage.license();
      for (let times = 0; times < 3; times += 1) {
        await usage.seen({ subject: 'anna', role: 'editor', at: usage.stage.now - 10 });
        await usage.flush();
      }
      const [row] = await usage.stage.query<{ subjects: string }>(
        'SELECT sum(subjects) AS subjects FROM usage_count',
      );
      expect([(await usage.usage()).used, row]).toEqual([1, { subjects: '1' }]);
    });

    it('takes the role of the latest report, whenever it arrives', async () => {
      await usage.license();
      const { now } = usage.stage;
      await usage.seen({ subject: 'anna', role: 'editor', at: now });
      await usage.flush();
      await usage.seen({ subject: 'anna', role: 'admin', at: now - 100 });
      await usage.flush();
      expect((await usage.usage()).roles).toEqual({ admin: 0, editor: 1, viewer: 0 });
      await usage.seen({ subject: 'anna', role: 'viewer', at: now + 1 });
      await usage.flush();
      expect((await usage.usage()).roles).toEqual({ admin: 0, editor: 0, viewer: 1 });
    });

    it('writes no name anywhere', async () => {
      await usage.license({ included_users: 1 });
      await usage.seen({ subject: 'a-telling-name' });
      await usage.flush();
      await usage.admit('a-telling-name-too');
      for (const table of ['usage_subject', 'usage_denial', 'usage_count', 'usage_day', 'usage_state']) {
        const rows = await usage.stage.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
        expect(rows.map(({ row }) => row).join()).not.toContain('telling');
      }
      const { subject } = await usage.explain('a-telling-name');
      expect(subject).toMatch(/^[A-Za-z0-9_-]{43}$/);
    });

    it.each<[string, unknown, string]>([
      ['no array', 'x', 'events must be an array'],
      ['no event', [], 'events must have 1 to 1000 events'],
      [
        '1001 events',
        Array.from({ length: 1001 }, () => ({ subject: 'a' })),
        'events must have 1 to 1000 events',
      ],
      ['an event that is none', [{ subject: 'a' }, 7], 'events[1] must be an object'],
      ['an unknown member', [{ subject: 'a', name: 'b' }], 'events[0] has a member that is not known'],
      ['an empty subject', [{ subject: 'a' }, { subject: '' }], 'events[1].subject must not be empty'],
      ['a wrong kind', [{ subject: 'a', kind: 'robot' }], 'events[0].kind must be one of user, device'],
      [
        'a wrong role',
        [{ subject: 'a', role: 'Admin' }],
        'events[0].role must be one of admin, editor, viewer',
      ],
      ['a fraction', [{ subject: 'a', at: 1.5 }], 'events[0].at must be a whole number of Unix seconds'],
      ['a time long past', [{ subject: 'a', at: 1 }], 'events[0].at must be at most 35 days back'],
      ['a time ahead', [{ subject: 'a', at: 4e9 }], 'events[0].at must be at most 60 seconds ahead'],
    ])('refuses %s, and takes nothing of it', async (_, events, error) => {
      await usage.license();
      const reply = await usage.stage.service.post(`${USAGE}/seen`, { events });
      expect([reply.status, reply.body.error]).toEqual([400, error]);
      await usage.flush();
      expect((await usage.usage()).used).toBe(0);
    });

    it('takes a thousand of the longest names, and no body above 512 KiB', async () => {
      await usage.license();
      const events = Array.from({ length: 1000 }, (_, index) => ({
        subject: `${'é'.repeat(126)}${1000 + index}`,
        role: 'viewer',
        kind: 'user',
        at: usage.stage.now,
      }));
      expect((await usage.seen(...events)).body).toEqual({ accepted: 1000 });
      await usage.flush();
      expect((await usage.usage()).used).toBe(1000);
      const reply = await usage.stage.service.post(`${USAGE}/seen`, `{"events":[${' '.repeat(530_000)}]}`);
      expect(reply.status).toBe(413);
    });
  });

  describe('POST /api/licensing/usage/admit', () => {
    it('fills the seats, refuses the next one, and lets in who is active already', async () => {
      await usage.license({ included_users: 2 });
      const free = { admitted: true, reason: 'seat-free', limit: 2, freesAt: null };
      expect(await usage.admit('anna')).toEqual({ ...free, used: 1 });
      expect(await usage.admit('bert')).toEqual({ ...free, used: 2 });
      const freesAt = (Math.floor(usage.stage.now / DAY) + 30) * DAY;
      expect(await usage.admit('carl')).toEqual({
        admitted: false,
        reason: 'limit-reached',
        used: 2,
        limit: 2,
        freesAt,
      });
      expect(await usage.admit('anna')).toEqual({
        admitted: true,
        reason: 'already-active',
        used: 2,
        limit: 2,
        freesAt: null,
      });
      expect((await usage.usage()).used).toBe(2);
    });

    it('lets in at the limit who was reported before, also while the report waits', async () => {
      await usage.license({ included_users: 1 });
      await usage.admit('bert');
      const buffer = usage.stage.service.running.application.nest.get(SeenBuffer);
      // It writes nothing by itself any more.
      await buffer.beforeApplicationShutdown();
      expect((await usage.seen({ subject: 'anna' }, { subject: 'carl' })).status).toBe(202);
      expect(await usage.explain('anna')).toMatchObject({ counted: true });
      expect(await usage.admit('anna')).toMatchObject({ admitted: true, reason: 'already-active', used: 2 });
      expect(await usage.admit('dora')).toMatchObject({ admitted: false, reason: 'limit-reached' });
      expect(buffer.size).toBe(1);
      await usage.stage.restart();
    });

    it('lets a person in again when the window has passed, and as many as have gone', async () => {
      await usage.license({ included_users: 1 });
      await usage.admit('anna');
      usage.days(29);
      expect((await usage.admit('bert')).reason).toBe('limit-reached');
      usage.days(1);
      expect((await usage.admit('bert')).reason).toBe('seat-free');
      expect((await usage.admit('anna')).reason).toBe('limit-reached');
    });

    it.each([
      [{}, 'unlimited'],
      [{ included_users: 1, usage_billing: true }, 'metered'],
      [{ included_users: 1, seat_policy: { mode: 'report' } }, 'reported'],
      [{ included_users: 1, seat_policy: { mode: 'tolerance', tolerance_percent: 100 } }, 'within-tolerance'],
      [{ included_users: 1 }, 'limit-reached'],
    ])('with %j answers the second one %s', async (terms, reason) => {
      await usage.license(terms);
      await usage.admit('anna');
      expect((await usage.admit('bert')).reason).toBe(reason);
      expect((await usage.usage()).used).toBe(reason === 'limit-reached' ? 1 : 2);
    });

    it('lets every person in without a license, and counts them', async () => {
      expect(await usage.admit('anna')).toEqual({
        admitted: true,
        reason: 'not-licensed',
        used: 1,
        limit: null,
        freesAt: null,
      });
      expect(await usage.usage()).toMatchObject({ licensed: false, used: 1, limit: null });
    });

    it('keeps limits by role apart', async () => {
      await usage.license({ included_admins: 1, included_viewers: 1 });
      expect((await usage.admit('anna', { role: 'editor' })).reason).toBe('seat-free');
      expect((await usage.admit('bert', { role: 'admin' })).reason).toBe('limit-reached');
      expect((await usage.admit('bert')).reason).toBe('seat-free');
      // A new role of who is active refuses nobody.
      expect((await usage.admit('bert', { role: 'admin' })).reason).toBe('already-active');
      expect((await usage.usage()).pools).toMatchObject([
        { name: 'admins_and_editors', used: 2, limit: 1, overage: 1 },
        { name: 'viewers', used: 0, limit: 1, remaining: 1 },
      ]);
    });

    it('never changes the check', async () => {
      await usage.license({ included_users: 1 });
      await usage.admit('anna');
      await usage.seen(...['b', 'c', 'd'].map((subject) => ({ subject })));
      await usage.flush();
      expect((await usage.usage()).overage).toBe(3);
      expect(await usage.stage.verdict()).toEqual([true, 1]);
    });

    it.each([
      [{}, 'subject must be a string'],
      [{ subject: '' }, 'subject must not be empty'],
      [{ subject: 'a\u0007' }, 'subject must not contain control characters'],
      [{ subject: 'a', kind: 'x' }, 'kind must be one of user, device'],
      [{ subject: 'a', role: 'x' }, 'role must be one of admin, editor, viewer'],
      [{ subject: 'a', at: 1 }, 'at is not a member of this request'],
    ])('refuses %j', async (body, error) => {
      const reply = await usage.stage.service.post(`${USAGE}/admit`, body);
      expect([reply.status, reply.body.error]).toEqual([400, error]);
    });
  });

  describe('POST /api/licensing/usage/left', () => {
    it('keeps the seat unless the license says that it is freed', async () => {
      await usage.license({ included_users: 1 });
      await usage.admit('anna');
      expect(await usage.left('anna')).toEqual({ freed: false });
      expect((await usage.admit('bert')).reason).toBe('limit-reached');
    });

    it('frees the seat at once, once, and its owner has to find a new one', async () => {
      await usage.license({ included_users: 1, seat_policy: { leave: 'free' } });
      await usage.admit('anna');
      expect(await usage.left('nobody')).toEqual({ freed: false });
      expect(await usage.left('anna')).toEqual({ freed: true });
      expect(await usage.left('anna')).toEqual({ freed: false });
      expect(await usage.explain('anna')).toMatchObject({ counted: false, rule: 'left', until: null });
      expect((await usage.admit('bert')).reason).toBe('seat-free');
      expect((await usage.admit('anna')).reason).toBe('limit-reached');
      await usage.left('bert');
      expect((await usage.admit('anna')).reason).toBe('seat-free');
    });

    it('counts for what was reported before, also where that arrives later', async () => {
      await usage.license({ seat_policy: { leave: 'free' } });
      const { now } = usage.stage;
      await usage.seen({ subject: 'anna', at: now - 60 });
      expect(await usage.left('anna')).toEqual({ freed: true });
      await usage.seen({ subject: 'anna', at: now - 30 });
      await usage.flush();
      expect((await usage.usage()).used).toBe(0);
      await usage.seen({ subject: 'anna', at: now + 30 });
      await usage.flush();
      expect((await usage.usage()).used).toBe(1);
    });
  });

  describe('what explains it', () => {
    it('says of each subject whether it counts, and until when', async () => {
      await usage.license();
      const today = Math.floor(usage.stage.now / DAY);
      await usage.seen(
        { subject: 'anna', role: 'editor', at: usage.stage.now - 5 * DAY },
        { subject: 'old', at: usage.stage.now - 33 * DAY },
      );
      await usage.flush();
      expect(await usage.explain('anna')).toMatchObject({
        counted: true,
        rule: 'seen-within-window',
        role: 'editor',
        lastSeen: new Date((today - 5) * DAY * 1000).toISOString().slice(0, 10),
        until: (today + 25) * DAY,
      });
      expect(await usage.explain('old')).toMatchObject({ counted: false, rule: 'window-passed' });
      expect(await usage.explain('anna', { kind: 'device' })).toMatchObject({
        rule: 'never-seen',
        role: null,
      });
      const asked = await usage.stage.service.get(`${USAGE}/explain?subject=anna`);
      expect(asked.body).toEqual(await usage.explain('anna'));
      for (const query of ['', '?subject=', '?subject=a&subject=b', '?subject=a&kind=x'])
        expect((await usage.stage.service.get(`${USAGE}/explain${query}`)).status).toBe(400);
    });

    it('and one who leaves, write down no report of another person', async () => {
      await usage.license({ included_users: 3, seat_policy: { leave: 'free' } });
      const buffer = usage.stage.service.running.application.nest.get(SeenBuffer);
      // It writes nothing by itself any more.
      await buffer.beforeApplicationShutdown();
      const events = ['anna', 'bert', 'carl', 'dora'].map((subject) => ({ subject, role: 'editor' }));
      expect((await usage.seen(...events)).status).toBe(202);
      const [explained, stranger, left] = await Promise.all([
        usage.explain('anna'),
        usage.explain('nobody'),
        usage.left('bert'),
      ]);
      expect(explained).toMatchObject({ counted: true, rule: 'seen-within-window', role: 'editor' });
      expect(stranger).toMatchObject({ counted: false, rule: 'never-seen' });
      expect([left, buffer.size]).toEqual([{ freed: true }, 3]);
      await usage.flush();
      expect(await usage.explain('bert')).toMatchObject({ counted: false, rule: 'left' });
      expect((await usage.usage()).used).toBe(3);
      await usage.stage.restart();
    });

    it('are refusals, of which a storm takes few writes, and none is forgotten', async () => {
      await usage.license({ included_users: 1 });
      await usage.admit('anna');
      const [begin, written] = [performance.now(), new Set<string>()];
      for (let times = 1; times <= 40; times += 1) {
        expect((await usage.admit('one of a storm')).admitted).toBe(false);
        const [row] = await usage.stage.query<{ times: string }>('SELECT times FROM usage_denial');
        written.add(row?.times ?? 'none');
      }
      expect(written).not.toContain('none');
      expect(written.size).toBeLessThanOrEqual(2 + (performance.now() - begin) / 1000);
      expect((await usage.get('denials')).denials).toMatchObject([{ times: 40, used: 1, limit: 1 }]);
      await usage.admit('one of a storm');
      await usage.stage.restart();
      expect((await usage.get('denials')).denials).toMatchObject([{ times: 41 }]);
    });

    it('are refusals, of which a day lists a limited number, and counts all', async () => {
      // Other tests closed this day.
      await usage.stage.change('DELETE FROM usage_day; UPDATE usage_state SET started_day = NULL');
      await usage.stage.restart();
      await usage.license({ included_users: 1 });
      await usage.admit('anna');
      await usage.admit('listed');
      const refusals = usage.stage.service.running.application.nest.get(Refusals);
      const day = Math.floor(usage.stage.now / 86_400);
      const denial = {
        day,
        role: 'viewer',
        reason: 'limit-reached',
        times: 1,
        lastAt: 0,
        used: 1,
        limit: 1,
      } as const;
      for (let listed = 1; listed < MAX_LISTED; listed += 1) {
        const denials = [{ ...denial, subject: `subject ${listed}` }];
        refusals.note(denials, denials);
      }
      for (const subject of ['late', 'later', 'listed', 'late']) await usage.admit(subject);
      const listed = (await usage.get('denials')).denials;
      expect(listed).toMatchObject([{ times: 2 }]);
      const stored = await usage.stage.query('SELECT times FROM usage_denial ORDER BY subject');
      expect(stored).toEqual([{ times: '3' }, { times: '2' }]);
      usage.days(1);
      await usage.admit('late');
      expect((await usage.get('denials')).denials).toHaveLength(2);
      expect((await usage.get('history')).days).toMatchObject([{ denials: 5 }]);
      await usage.stage.restart();
    });

    it('lists subjects and refusals page by page', async () => {
      await usage.license({ included_users: 3 });
      for (const subject of ['a', 'b', 'c', 'd', 'e', 'd']) await usage.admit(subject);
      const first = await usage.get('subjects?limit=2');
      const second = await usage.get(`subjects?limit=2&cursor=${first.cursor}`);
      expect([first.subjects.length, second.subjects.length, second.cursor]).toEqual([2, 1, null]);
      const hashes = [...first.subjects, ...second.subjects].map(({ subject }) => subject);
      expect(hashes).toEqual([...new Set(hashes)].sort());
      const denied = await usage.get('denials?limit=1');
      const more = await usage.get(`denials?limit=5&cursor=${denied.cursor}`);
      const denials = [...denied.denials, ...more.denials];
      expect(denials.map(({ times }) => times).sort()).toEqual([1, 2]);
      expect(denials[0]).toMatchObject({ reason: 'limit-reached', role: 'viewer', used: 3, limit: 3 });
      for (const path of ['subjects?cursor=x', 'denials?cursor=x', 'subjects?limit=0', 'denials?limit=1001'])
        expect((await usage.stage.service.get(`${USAGE}/${path}`)).status).toBe(400);
    });
  });
});
