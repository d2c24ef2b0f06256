import { placeMarks } from '../../../web/src/pictures/mark-places.js';

const WIDTH = 300;
const place = (...marks: [x: number, label: string][]) =>
  placeMarks(
    marks.map(([x, label]) => ({ kind: label, x, label })),
    WIDTH,
    8,
    16,
  );

describe('the labels of marks', () => {
  it('share a row where they have room', () => {
    expect(place([100, 'one'], [200, 'two']).map(({ row, anchor }) => [row, anchor])).toEqual([
      [0, 'middle'],
      [0, 'middle'],
    ]);
  });

  it('get rows of their own where they are close, the first next to the picture', () => {
    expect(place([100, 'Next attempt'], [104, 'Renewal due']).map(({ row }) => row)).toEqual([1, 0]);
  });

  it.each<[number, string, number]>([
    [0, 'start', 0],
    [WIDTH, 'end', WIDTH],
    [150, 'middle', 150],
  ])('at %d stay within the picture', (x, anchor, labelX) => {
    expect(place([x, 'a label'])).toEqual([expect.objectContaining({ anchor, labelX })]);
  });
});
