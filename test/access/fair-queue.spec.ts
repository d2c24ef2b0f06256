import { FairQueue } from '../../src/access/fair-queue.js';

/** Adds what a text names, a letter for the caller and a digit, and takes one out at each dot. */
function order(text: string): string {
  const queue = new FairQueue<string>();
  const taken = text.split(' ').map((word) => {
    if (word === '.') return queue.next() ?? '-';
    if (word.startsWith('!')) queue.remove(word.charAt(1), word.slice(1));
    else queue.add(word.charAt(0), word);
    return '';
  });
  return taken.filter((one) => one !== '').join(' ');
}

describe('The queue of what waits', () => {
  it.each([
    ['.', '-'],
    ['a1 a2 . . .', 'a1 a2 -'],
    ['a1 a2 a3 b1 . . . .', 'a1 b1 a2 a3'],
    ['a1 a2 b1 b2 c1 . . . . .', 'a1 b1 c1 a2 b2'],
    ['a1 a2 . b1 . .', 'a1 a2 b1'],
    ['a1 a2 a3 . b1 c1 . . . .', 'a1 a2 b1 c1 a3'],
    ['a1 a2 b1 !a1 . . .', 'a2 b1 -'],
    ['a1 b1 !a1 . .', 'b1 -'],
    ['a1 !a2 !c1 . .', 'a1 -'],
  ])('serves %j as %j', (text, served) => {
    expect(order(text)).toBe(served);
  });
});
