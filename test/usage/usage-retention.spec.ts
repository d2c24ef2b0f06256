import { Database } from '../../src/database/database.js';
import { UsageSubjectStore } from '../../src/usage/subjects/usage-subject.store.js';
import { UsageRetention } from '../../src/usage/usage-retention.js';
import { UsageStage } from '../e2e/usage/usage-stage.js';

const DAY = 20_000;

describe('The deletion of subjects of long ago', () => {
  let usage: UsageStage;

  beforeAll(async () => {
    usage = await UsageStage.open();
  });

  afterAll(async () => {
    await usage.close();
  });

  it('looks at a bounded number in each transaction, however few are old, and comes to the end', async () => {
    await usage.stage.change(
      `INSERT INTO usage_subject (subject, role, first_day, last_day, role_at)
       SELECT lpad(number::text, 43, '0'), 'viewer', day, day, 0
       FROM (SELECT number, CASE number WHEN 12000 THEN ${DAY - 1} ELSE ${DAY} END AS day
             FROM generate_series(1, 12000) AS number) AS subjects`,
    );
    const { nest } = usage.stage.service.running.application;
    const [database, store] = [nest.get(Database), nest.get(UsageSubjectStore)];
    const prune = async (after: string) =>
      database.transaction(async (manager) => store.prune(manager, DAY, after));
    const places: (string | undefined)[] = [];
    for (let last: string | undefined = ''; last !== undefined; places.push(last)) last = await prune(last);
    expect(places).toEqual(['5000'.padStart(43, '0'), '10000'.padStart(43, '0'), undefined]);
    expect(await usage.stage.query('SELECT last_day FROM usage_subject GROUP BY last_day')).toEqual([
      { last_day: DAY },
    ]);
  });

  it('lets requests in between its transactions', async () => {
    const { service } = usage.stage;
    const pruning = service.running.application.nest.get(UsageRetention).prune();
    const first = await Promise.race([
      service.get('/healthz').then(({ status }) => status),
      pruning.then(() => 'the end of it'),
    ]);
    expect(first).toBe(200);
    await pruning;
    expect(await usage.stage.query('SELECT subject FROM usage_subject')).toEqual([]);
  });

  it('looks at all subjects once a day, and at what is old by the second each hour', async () => {
    const { stage } = usage;
    const retention = stage.service.running.application.nest.get(UsageRetention);
    const old = Math.floor(stage.now / 86_400) - 400;
    const add = async (subject: string, until: number) =>
      stage.change(
        `INSERT INTO usage_subject (subject, role, first_day, last_day, role_at)
         VALUES (lpad('${subject}', 43, '0'), 'viewer', ${old}, ${old}, 0);
         INSERT INTO usage_deletion (subject, until) VALUES (lpad('${subject}', 43, '0'), ${until})`,
      );
    const left = async () => {
      await retention.prune();
      const [row] = await stage.query<Record<string, string>>(
        `SELECT (SELECT count(*) FROM usage_subject WHERE last_day = ${old}) AS subjects,
           (SELECT count(*) FROM usage_deletion) AS deletions`,
      );
      return [Number(row?.subjects), Number(row?.deletions)];
    };
    // Noon, so that the hours below are of one day.
    usage.days(1);
    await add('one', 0);
    expect(await left()).toEqual([0, 0]);
    await add('two', 0);
    stage.service.clock.advance(3_600_000);
    expect(await left()).toEqual([1, 0]);
    usage.days(1);
    expect(await left()).toEqual([0, 0]);
  });
});
