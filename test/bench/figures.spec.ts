import { markdown, median, number, quantile, slope, spread } from '../../bench/figures.js';
import { read } from '../../bench/wrk.js';

describe('The figures of the bench', () => {
  it.each([
    [[5], 0.5, 5],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 2, 3], 0.5, 3],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.99, 10],
    [[3, 1, 2], 0, 1],
  ])('%j has %d of its values below %d', (values, share, expected) => {
    expect(quantile(values, share)).toBe(expected);
  });

  it('has a median that one outlier does not move', () => {
    expect([median([10, 11, 12]), median([10, 11, 900])]).toEqual([11, 11]);
  });

  it('names the smallest and the largest value', () => {
    expect([spread([37_350, 25_400.4, 37_983.5]), number(1_234_567.5)]).toEqual([
      '25,400 to 37,984',
      '1,234,568',
    ]);
  });

  it.each([
    [
      'what stands still',
      [
        [0, 100],
        [1, 100],
        [2, 100],
      ],
      0,
    ],
    [
      'what grows',
      [
        [2, 104],
        [3, 106],
        [4, 108],
      ],
      2,
    ],
    [
      'what shrinks and jumps',
      [
        [0, 10],
        [1, 0],
        [2, 5],
      ],
      -2.5,
    ],
  ] as const)('knows how fast %s grows', (_what, points, expected) => {
    expect(slope(points)).toBeCloseTo(expected, 10);
  });

  it('writes a table whose rows need not have every column', () => {
    const table = {
      title: 'start',
      rows: [
        { name: 'ready', figures: { median: '0.9 s', longest: '1.2 s' } },
        { name: 'memory', figures: { median: '120 MB' } },
      ],
    };
    expect(markdown(table).split('\n')).toEqual([
      '| start | median | longest |',
      '| --- | --- | --- |',
      '| ready | 0.9 s | 1.2 s |',
      '| memory | 120 MB |  |',
    ]);
  });
});

const WRK = `Running 4s test @ http://127.0.0.1:34567/api/licensing/check
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.34ms  500.00us  20.01ms   90.00%
    Req/Sec    37.80k     1.20k   40.00k    75.00%
  Latency Distribution
     50%    1.29ms
     75%    1.40ms
     90%    1.60ms
     99%  980.50us
  151200 requests in 4.20s, 30.00MB read
Requests/sec:  36000.00
Transfer/sec:      7.14MB
`;

describe('What wrk prints', () => {
  it('is read', () => {
    expect(read(WRK)).toEqual({ requests: 151_200, rate: 36_000, p99: 0.9805, faults: 0 });
  });

  it('is read where the time is seconds, which it fills up with a space', () => {
    expect(read(WRK.replace('980.50us', '   2.40s '))).toMatchObject({ p99: 2_400 });
  });

  it('counts refusals, wrong answers and broken connections as faults', () => {
    const output = `${WRK}wrong answers: 3\n`.replace(
      '30.00MB read',
      '30.00MB read\n  Socket errors: connect 1, read 2, write 4, timeout 8\n  Non-2xx or 3xx responses: 100',
    );
    expect(read(output).faults).toBe(118);
  });

  it('is refused when it says something else', () => {
    expect(() => read('unable to connect to 127.0.0.1:1 Connection refused')).toThrow(
      'wrk said something else',
    );
  });
});
