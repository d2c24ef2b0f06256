import { warningOf } from '../../../src/domain/usage/usage-warning.js';

const count = (used: number, limit?: number) => ({ used, pools: [{ name: 'all' as const, used, limit }] });
const LEVELS = [90, 80, 100];

describe('the warning about seats', () => {
  it.each([
    [79, undefined],
    [80, 80],
    [89, 80],
    [90, 90],
    [100, 100],
    [250, 100],
  ])('at %i of 100 has the level %s', (used, level) => {
    expect(warningOf(count(used, 100), undefined, LEVELS)).toEqual({ level, of: 'license', percent: used });
  });

  it('has none without a limit', () => {
    const nothing = { level: undefined, of: undefined, percent: undefined };
    expect(warningOf(count(5), undefined, LEVELS)).toEqual(nothing);
  });

  it('has none for seats that the license does not include and nobody uses', () => {
    const pools = (viewers: number) => [
      { name: 'admins_and_editors' as const, used: 5, limit: 10 },
      { name: 'viewers' as const, used: viewers, limit: 0 },
    ];
    const warning = (viewers: number) =>
      warningOf({ used: 5 + viewers, pools: pools(viewers) }, undefined, LEVELS);
    expect(warning(0)).toEqual({ level: undefined, of: 'license', percent: 50 });
    expect(warning(1)).toEqual({ level: 100, of: 'license', percent: 100 });
  });

  it('is about what is fullest', () => {
    expect(warningOf(count(50, 100), 50, LEVELS)).toEqual({ level: 100, of: 'own-limit', percent: 100 });
    expect(warningOf(count(50, 55), 100, LEVELS)).toMatchObject({ level: 90, of: 'license' });
    const pools = [
      { name: 'admins_and_editors' as const, used: 1, limit: 10 },
      { name: 'viewers' as const, used: 8, limit: 10 },
    ];
    expect(warningOf({ used: 9, pools }, undefined, LEVELS)).toMatchObject({ level: 80, percent: 80 });
  });
});
