import { collectGarbage } from '../src/collect-garbage.js';

describe('The collection of garbage', () => {
  it('takes what nothing refers to any more', async () => {
    const unused = new WeakRef({});
    // A reference that was just made holds until its turn of the event loop ends.
    await new Promise((resolve) => setImmediate(resolve));
    await collectGarbage();
    expect(unused.deref()).toBeUndefined();
  });
});
