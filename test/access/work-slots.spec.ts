import { WorkSlots } from '../../src/access/work-slots.js';

describe('Places for work', () => {
  it('are as many as there are, half of them for one caller', () => {
    const slots = new WorkSlots(4);
    const first = slots.take('a');
    expect(first).toBeDefined();
    expect(slots.take('a')).toBeDefined();
    expect(slots.take('a')).toBeUndefined();
    expect(slots.take('b')).toBeDefined();
    expect(slots.take('c')).toBeDefined();
    expect(slots.take('d')).toBeUndefined();
    first?.();
    expect(slots.take('d')).toBeDefined();
    expect(slots.take('a')).toBeUndefined();
  });

  it('are no more for one caller than it may have', () => {
    const slots = new WorkSlots(8, 2);
    const taken = [slots.take('a'), slots.take('a'), slots.take('a'), slots.take('b')];
    expect(taken.map((release) => release !== undefined)).toEqual([true, true, false, true]);
  });

  it('come back one by one, for the caller too', () => {
    const slots = new WorkSlots(2);
    for (let round = 0; round < 10; round += 1) {
      const release = slots.take('a');
      expect(release).toBeDefined();
      expect(slots.take('a')).toBeUndefined();
      release?.();
    }
  });
});
