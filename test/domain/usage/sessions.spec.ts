import { surplusSessions } from '../../../src/domain/usage/sessions.js';

const NOW = 1_800_000_000;
const session = (name: string, age: number) => ({ session: name, lastAt: NOW - age });
const all = [session('a', 30), session('b', 20), session('c', 10), session('now', 0)];

describe('the sessions that have to go', () => {
  it.each<[number, string[]]>([
    [0, []],
    [4, []],
    [3, ['a']],
    [2, ['a', 'b']],
    [1, ['a', 'b', 'c']],
  ])('where %i are included are the longest idle ones: %j', (max, expected) => {
    expect(surplusSessions(all, 'now', max, 3600, NOW)).toEqual(expected);
  });

  it('never are the calling one, also where its clock is behind', () => {
    expect(surplusSessions(all, 'a', 1, 3600, NOW)).toEqual(['b', 'c', 'now']);
  });

  it('do not count those that are over', () => {
    expect(surplusSessions(all, 'now', 3, 30, NOW)).toEqual([]);
    expect(surplusSessions(all, 'now', 3, 31, NOW)).toEqual(['a']);
  });
});
