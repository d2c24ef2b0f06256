import { tokenIn } from '../../../web/src/license/token-text.js';

describe('the token in a text', () => {
  it.each<[string, string, string]>([
    ['has line ends around it', '\r\n a.b.c\n', 'a.b.c'],
    ['begins with a byte order mark', '\ufeffa.b.c', 'a.b.c'],
    ['has white space in it, which the service refuses', 'a.b\n.c', 'a.b\n.c'],
    ['is blank', ' \n', ''],
  ])('that %s is found', (_, text, token) => {
    expect(tokenIn(text)).toBe(token);
  });
});
