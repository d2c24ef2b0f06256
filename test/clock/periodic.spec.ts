import { setTimeout as sleep } from 'node:timers/promises';
import { Periodic } from '../../src/clock/periodic.js';

describe('periodic work', () => {
  it('is done again and again, never twice at a time, until it is stopped', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    const periodic = new Periodic(1, async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(5);
      running -= 1;
      done += 1;
    });
    periodic.start();
    periodic.start();
    while (done < 3) await sleep(1);
    await periodic.stop();
    const then = done;
    await sleep(30);
    expect([most, done, running]).toEqual([1, then, 0]);
  });

  it('is waited for by the caller that stops it', async () => {
    let ended = false;
    let begun = () => {};
    const begins = new Promise<void>((resolve) => (begun = resolve));
    const periodic = new Periodic(1, async () => {
      begun();
      await sleep(50);
      ended = true;
    });
    periodic.start();
    await begins;
    await periodic.stop();
    expect(ended).toBe(true);
  });

  it('is done once more when it is asked for, after what is being done, by all who ask', async () => {
    const done: number[] = [];
    let running = 0;
    const periodic = new Periodic(5, async () => {
      running += 1;
      await sleep(5);
      done.push(running);
      running -= 1;
    });
    await periodic.now();
    expect(done).toEqual([1]);
    periodic.start();
    await Promise.all([periodic.now(), periodic.now(), sleep(6).then(() => periodic.now())]);
    expect(done.length).toBeGreaterThanOrEqual(4);
    await periodic.stop();
    expect(new Set(done)).toEqual(new Set([1]));
    const then = done.length;
    await periodic.now();
    expect(done).toHaveLength(then);
  });

  it('never begins after it was stopped', async () => {
    let done = 0;
    const periodic = new Periodic(1, () => void (done += 1));
    await periodic.stop();
    periodic.start();
    await sleep(20);
    expect(done).toBe(0);
  });
});
