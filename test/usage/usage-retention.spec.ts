import { Database } from '../../src/database/database.js';
import { UsageSubjectStore } from '../../src/usage/subjects/usage-subject.store.js';
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
});
