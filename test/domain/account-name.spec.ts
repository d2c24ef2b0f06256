import { ACCOUNT_NAME, ACCOUNT_NAME_CHARACTERS } from '../../src/domain/account-name.js';

/** The same by Unicode's properties, as this Node release knows them. */
const REFUSED_BY_PROPERTY =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{DI}\p{Noncharacter_Code_Point}\u2800\ufffc\ufffd\u{16fe4}\u{1d159}*]|(?! )\p{Z}/u;

describe('The name of an account or token', () => {
  it.each([
    'a',
    'n'.repeat(190),
    '😀'.repeat(190),
    'Straße — 東京 №1',
    'قارئ',
    'a b c',
    '__proto__',
    '%2F..//',
    'cafe\u0301',
  ])('may be %j', (name) => {
    expect(ACCOUNT_NAME.test(name)).toBe(true);
  });

  it.each([
    '',
    ' ',
    ' a',
    'a ',
    'a  b',
    'a b   c',
    'a*',
    'n'.repeat(191),
    '😀'.repeat(191),
    'a\nb',
    'a\n',
    'a\u00a0b',
    'a\u200bb',
    'a\u202eb',
    'a\ufe0f',
    'a\u3164b',
    'a\u2800b',
    'a\ud83d',
    'a\u{1d159}',
    'a\u{16fe4}b',
    'a\ufffcb',
    'a\ufffdb',
    'a\ufffeb',
    'a\u{1fffe}b',
    'a\ue000b',
    'a\u{1d173}b',
    'a\u{e0041}b',
  ])('is never %j', (name) => {
    expect(ACCOUNT_NAME.test(name)).toBe(false);
  });

  it('has no character that Unicode calls a control, a format, invisible or a space, on any Node release, and may have all others', () => {
    const different: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code);
      const allowed = ACCOUNT_NAME_CHARACTERS.test(character);
      if (allowed === REFUSED_BY_PROPERTY.test(character)) different.push(code.toString(16));
      if (ACCOUNT_NAME.test(`a${character}a`) !== allowed) different.push(`a${code.toString(16)}a`);
    }
    expect(different).toEqual([]);
  });
});
