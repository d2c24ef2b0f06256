import { Metrics } from '../../src/metrics/metrics.js';
import { Scrape } from '../support/scrape.js';

async function scrape(metrics: Metrics): Promise<Scrape> {
  return new Scrape(await metrics.text());
}

describe('Metrics', () => {
  it('shows every combination of a counter from the start, with 0', async () => {
    const metrics = new Metrics();
    const count = metrics.counter('things_total', 'Things.', { color: ['red', 'blue'], size: ['s', 'l'] });
    count({ color: 'red', size: 'l' });
    count({ color: 'red', size: 'l' });
    const things = (await scrape(metrics)).samples.filter(({ name }) => name === 'things_total');
    expect(things.map(({ labels, value }) => [labels.color, labels.size, value])).toEqual([
      ['red', 's', 0],
      ['red', 'l', 2],
      ['blue', 's', 0],
      ['blue', 'l', 0],
    ]);
  });

  it('reads a gauge at each scrape, and leaves out what is not known', async () => {
    const metrics = new Metrics();
    let value: number | undefined;
    metrics.gauge('depth_meters', 'Depth.', {}, () => value);
    expect((await scrape(metrics)).value('depth_meters')).toBeUndefined();
    value = 7;
    expect((await scrape(metrics)).value('depth_meters')).toBe(7);
    value = Infinity;
    expect((await scrape(metrics)).value('depth_meters')).toBe(Infinity);
    value = undefined;
    const gone = await scrape(metrics);
    expect([gone.value('depth_meters'), gone.types.get('depth_meters')]).toEqual([undefined, 'gauge']);
  });

  it('asks a gauge once for each of its labels', async () => {
    const metrics = new Metrics();
    metrics.gauge('lamp', 'Lamps.', { state: ['on', 'off'] }, ({ state }) =>
      state === 'on' ? 1 : undefined,
    );
    const lamps = await scrape(metrics);
    expect([lamps.value('lamp', { state: 'on' }), lamps.value('lamp', { state: 'off' })]).toEqual([
      1,
      undefined,
    ]);
  });

  it('counts durations into cumulative buckets, in seconds', async () => {
    const metrics = new Metrics();
    const observe = metrics.histogram('wait_seconds', 'Waits.', [0.1, 1])({ who: 'me' });
    for (const seconds of [0.05, 0.1, 0.5, 3]) observe(seconds);
    const waits = await scrape(metrics);
    const buckets = ['0.1', '1', '+Inf'].map((le) => waits.value('wait_seconds_bucket', { who: 'me', le }));
    expect(buckets).toEqual([2, 3, 4]);
    expect(waits.value('wait_seconds_count')).toBe(4);
    expect(waits.value('wait_seconds_sum')).toBeCloseTo(3.65);
  });

  it('shows a histogram that has seen nothing yet with 0', async () => {
    const metrics = new Metrics();
    metrics.histogram('wait_seconds', 'Waits.', [1])({ who: 'me' });
    expect((await scrape(metrics)).value('wait_seconds_count', { who: 'me' })).toBe(0);
  });

  it('keeps two applications of one process apart', async () => {
    const [one, other] = [new Metrics(), new Metrics()];
    one.counter('things_total', 'Things.', {})({});
    other.counter('things_total', 'Things.', {});
    expect((await scrape(one)).value('things_total')).toBe(1);
    expect((await scrape(other)).value('things_total')).toBe(0);
  });

  it('refuses a second metric of the same name', () => {
    const metrics = new Metrics();
    metrics.counter('things_total', 'Things.', {});
    expect(() => metrics.gauge('things_total', 'Other things.', {}, () => 1)).toThrow('things_total');
  });

  it('is put together once, however many ask at a time', async () => {
    const metrics = new Metrics();
    let reads = 0;
    metrics.gauge('depth_meters', 'Depth.', {}, () => (reads += 1));
    await Promise.all(Array.from({ length: 50 }, () => metrics.text()));
    expect(reads).toBe(1);
    await metrics.text();
    expect(reads).toBe(2);
  });
});
