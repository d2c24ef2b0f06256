import { Writable } from 'node:stream';
import { createLogger } from '../../../src/http/logger.js';
import { UsageJobs } from '../../../src/usage/usage-jobs.js';
import { Scrape } from '../../support/scrape.js';
import { UsageStage } from './usage-stage.js';

describe('warnings about seats', () => {
  let usage: UsageStage;
  let log = '';

  beforeAll(async () => {
    usage = await UsageStage.open();
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        log += chunk.toString();
        done();
      },
    });
    await usage.stage.restart(
      { USAGE_OWN_LIMIT: '4', USAGE_WARN_PERCENT: '50,100' },
      createLogger('info', sink),
    );
  });

  afterAll(async () => {
    await usage.close();
  });

  const lines = () =>
    log
      .split('\n')
      .filter((line) => line.includes('level of warning'))
      .map((line) => JSON.parse(line) as { level: number; percent: number; of: string; used: number });

  /** What is done every ten seconds. */
  const look = () => usage.stage.service.running.application.nest.get(UsageJobs).start();

  it('are a line of the log at each change of the level, and the metrics', async () => {
    await usage.license({ included_users: 2, seat_policy: { leave: 'free' } });
    await look();
    expect(lines()).toEqual([]);
    await usage.admit('anna');
    await look();
    await look();
    await usage.admit('bert');
    await usage.admit('carl');
    await look();
    expect(lines()).toMatchObject([
      { percent: 50, of: 'license' },
      { percent: 100, of: 'license', used: 2 },
    ]);
    const scrape = await Scrape.of(usage.stage.service.url);
    expect(scrape.text).toContain('licentia_seats_used{pool="all"} 2');
    expect(scrape.text).toContain('licentia_seats_limit{pool="all"} 2');
    expect(scrape.text).not.toContain('licentia_seats_used{pool="viewers"}');
    expect(scrape.text).toContain('licentia_seats_own_limit 4');
    expect(scrape.text).toContain('licentia_usage_denials_total 1');
    await usage.left('anna');
    await usage.left('bert');
    await look();
    expect(lines()).toHaveLength(3);
    expect(log).not.toContain('anna');
  });

  it('of a policy name each fault in the answer, and once in the log; the license is as valid as before', async () => {
    const policy = { mode: 'strict', window: 'rolling-7d', tolerance_percent: -1, leave: true, grace: 5 };
    await usage.license({ included_users: 2, seat_policy: policy });
    for (let times = 0; times < 3; times += 1) {
      await usage.admit('zoe');
      await look();
    }
    expect(await usage.usage()).toMatchObject({
      policy: { mode: 'active-only', tolerance_percent: 0, leave: 'keep' },
      window: { kind: 'rolling-30d' },
      policyFaults: [
        'seat_policy.mode must be one of active-only, tolerance, metered, report',
        'seat_policy.tolerance_percent must be a whole number from 0 to 1000',
        'seat_policy.window must be one of rolling-30d, calendar-month',
        'seat_policy.leave must be one of keep, free',
        'seat_policy.grace is not known',
      ],
    });
    expect(await usage.stage.verdict()).toEqual([true, 1]);
    expect(
      log.split('\n').filter((line) => line.includes('seat policy of the license has faults')),
    ).toHaveLength(1);
    for (const seat_policy of [null, [], 'metered', 5]) {
      await usage.license({ included_users: 2, seat_policy });
      expect((await usage.usage()).policyFaults).toEqual(['seat_policy must be an object']);
      expect(await usage.stage.verdict()).toEqual([true, 1]);
    }
    await usage.clear();
  });
});
