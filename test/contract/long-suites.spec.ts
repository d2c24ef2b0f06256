import { draw, leftOut, LONG_SUITES, testFiles } from '../../scripts/long-suites.mjs';

const SEEDS = Array.from({ length: 60 }, (_, index) => String(index + 1));

describe('the long suites', () => {
  it.each(LONG_SUITES.flatMap(({ name, files }) => files.map((pattern) => [name, pattern])))(
    '%s has files for the pattern %s',
    (_, pattern) => {
      expect(testFiles([pattern]).length).toBeGreaterThan(0);
    },
  );

  it('have no file in common', () => {
    const files = LONG_SUITES.flatMap((suite) => testFiles(suite.files));
    expect(files.length).toBe(new Set(files).size);
  });
});

describe('the part of a suite that a quick run takes', () => {
  const files = testFiles(['test/e2e/licensing/']);

  it('is a sixth of the files, the same ones for the same seed', () => {
    expect(draw(files, '7')).toHaveLength(Math.ceil(files.length / 6));
    expect(draw(files, '7')).toEqual(draw(files.toReversed(), '7'));
  });

  it('takes each file in some run, and leaves each out in some run', () => {
    const drawn = SEEDS.map((seed) => draw(files, seed));
    for (const file of files) {
      expect(drawn.some((some) => some.includes(file))).toBe(true);
      expect(drawn.some((some) => !some.includes(file))).toBe(true);
    }
  });

  it('leaves out every file of a suite that is due', () => {
    const due = ['interleavings', 'usage'];
    const files = LONG_SUITES.filter(({ name }) => due.includes(name)).flatMap((suite) =>
      testFiles(suite.files),
    );
    expect(leftOut('7', due)).toEqual(expect.arrayContaining(files));
    expect(leftOut('7', due)).toEqual(
      expect.arrayContaining(leftOut('7').filter((file) => !files.includes(file))),
    );
    expect(files.every((file) => leftOut('7').includes(file))).toBe(false);
  });

  it('leaves out no file that belongs to no suite, or whose tests choose by themselves', () => {
    const drawn = LONG_SUITES.filter(({ part }) => part !== 'own');
    const left = leftOut('7');
    expect(left.every((file) => drawn.some((suite) => testFiles(suite.files).includes(file)))).toBe(true);
    for (const { files, part } of drawn) {
      const all = testFiles(files);
      const runs = all.filter((file) => !left.includes(file));
      expect(runs).toHaveLength(Math.ceil(all.length / (part === 'tests' ? 2 : 6)));
    }
  });
});
