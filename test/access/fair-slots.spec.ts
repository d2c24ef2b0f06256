import { jest } from '@jest/globals';
import { FairSlots } from '../../src/access/fair-slots.js';
import { MAX_WRITE_QUEUE_MS } from '../../src/domain/request-deadline.js';

describe('A request that waited in vain for a slot', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it.each([
    ['too-many-requests', 'where no slot was given back', []],
    ['too-many-requests', 'where the work before it was done', [false]],
    ['too-many-requests', 'where the database is back', [true, false]],
    ['database.unavailable', 'where the work before it met an outage', [true]],
    ['database.unavailable', 'where an outage began meanwhile', [false, true]],
  ] as const)('is told %s %s', async (code, _, outages) => {
    const slots = new FairSlots(1);
    let held = await slots.take('a');
    const before = outages.map(() => slots.take('a'));
    const late = expect(slots.take('a')).rejects.toMatchObject({ code });
    for (const [index, outage] of outages.entries()) {
      held(outage);
      held = (await before[index]) as typeof held;
    }
    jest.advanceTimersByTime(MAX_WRITE_QUEUE_MS);
    await late;
  });

  it('is not told of an outage that was over before it came', async () => {
    const slots = new FairSlots(1);
    (await slots.take('a'))(true);
    void slots.take('a');
    const late = expect(slots.take('b')).rejects.toMatchObject({ code: 'too-many-requests' });
    jest.advanceTimersByTime(MAX_WRITE_QUEUE_MS);
    await late;
  });
});
