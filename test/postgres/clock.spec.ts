import { testDatabase } from '../support/database.js';
import { DAY, describeWithFakedClock, FakedClockStage } from '../support/faked-clock-stage.js';
import { until } from '../e2e/licensing/stage.js';

describeWithFakedClock(
  'the clock of a service against the one of its database, by libfaketime where it is installed',
  () => {
    let stage: FakedClockStage;

    beforeEach(async () => {
      stage = await FakedClockStage.open(await testDatabase());
    });

    afterEach(async () => {
      await stage.close();
    });

    it('is ahead from the start: that is said, and nothing is lost', async () => {
      await stage.install(stage.issuer.token({ exp: stage.now + DAY }));
      await stage.restart(400 * DAY);
      expect(await stage.check()).toBe('false');
      await stage.service.said('the clocks differ');
      // Longer than it takes to write down that a license has expired.
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await stage.restart(0);
      expect(await stage.check()).toBe('true');
    });

    it('is set back after a license has expired, and makes nothing valid on any replica', async () => {
      await stage.install(stage.issuer.token({ exp: stage.now + 3 }));
      await stage.service.said('a license has expired');
      await stage.setAhead(-DAY);
      await until(async () => stage.service.output.includes('the clock was set'));
      expect(await stage.check()).toBe('false');
      await stage.restart(-DAY);
      expect([await stage.check(), await stage.status()]).toEqual(['false', 5]);
      await stage.restart(0);
      expect(await stage.check()).toBe('false');
    });
  },
);
