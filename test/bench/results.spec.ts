import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadResults, type Results, withResults } from '../../bench/results.js';

const RESULTS: Results = {
  ...{ date: '2026-11-28', node: 'v20.20.2', commit: 'abc1234', machine: '2 cores, a processor' },
  ...{ database: 'PostgreSQL 15', load: '0.2', command: 'npm run bench -- --only start' },
  tables: [{ title: 'start', rows: [{ name: 'ready', figures: { median: '0.9 s' } }] }],
};
const PAGE = ['# Page', '<!-- bench start -->', 'old', 'lines', '<!-- end -->', 'Kept.', ''].join('\n');

describe('The page of the bench', () => {
  it('has what was measured in its blocks, and keeps all else', () => {
    expect(withResults(PAGE, [{ start: RESULTS }, { other: RESULTS }]).split('\n')).toEqual([
      '# Page',
      '<!-- bench start -->',
      '**Node 20.20.2**, 2026-11-28, 2 cores, a processor, PostgreSQL 15, load 0.2, commit abc1234: `npm run bench -- --only start`',
      '',
      '| start | median |',
      '| --- | --- |',
      '| ready | 0.9 s |',
      '<!-- end -->',
      'Kept.',
      '',
    ]);
  });

  it('says what was not measured yet', () => {
    expect(withResults(PAGE, [])).toContain('<!-- bench start -->\nNot measured yet.\n<!-- end -->');
  });

  it('says in docs/performance.md what bench/results has', () => {
    const page = readFileSync(fileURLToPath(new URL('../../docs/performance.md', import.meta.url)), 'utf8');
    expect(withResults(page, loadResults())).toBe(page);
    expect(page).toContain('<!-- bench routes -->');
  });
});
