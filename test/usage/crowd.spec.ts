import { UsageService } from '../../src/usage/usage.service.js';
import { UsageStage } from '../e2e/usage/usage-stage.js';

const CALLS = 500;

describe('a crowd that asks for a few seats', () => {
  let usage: UsageStage;

  beforeAll(async () => {
    usage = await UsageStage.open();
  });

  afterAll(async () => {
    await usage.close();
  });

  it.each([1, 2, 3])(
    'gets all of the seats, each seat once, and who is refused is not stored (round %d)',
    async (round) => {
      await usage.clear();
      await usage.license({ included_users: 8 });
      for (let index = 0; index < 5; index += 1) await usage.admit(`early ${index}`);
      // By the service itself: requests over HTTP come one after the other. The first is decided alone.
      const service = usage.stage.service.running.application.nest.get(UsageService);
      const answers = await Promise.all(
        Array.from({ length: CALLS }, (_, index) => service.admit(`round ${round} user ${index}`)),
      );
      expect(answers.filter(({ admitted }) => admitted === true)).toHaveLength(3);
      expect(answers.filter(({ reason }) => reason === 'limit-reached')).toHaveLength(CALLS - 3);
      expect(await usage.usage()).toMatchObject({ used: 8, remaining: 0 });
      expect(await usage.stage.query('SELECT count(*) AS stored FROM usage_subject')).toEqual([
        { stored: '8' },
      ]);
    },
  );
});
