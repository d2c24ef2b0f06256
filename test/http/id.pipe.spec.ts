import { RoleUidPipe } from '../../src/accounts/role-uid.pipe.js';
import { IdPipe } from '../../src/http/id.pipe.js';

describe('An id in a path', () => {
  const ids = new IdPipe();

  it.each(['1', '42', '9007199254740991'])('is the number %s', (text) => {
    expect(ids.transform(text, { type: 'param', data: 'id' })).toBe(Number(text));
  });

  it.each([
    '',
    '0',
    '-1',
    '+1',
    '01',
    ' 1',
    '1.0',
    '1e3',
    '0x1',
    '*',
    '.',
    '9007199254740992',
    '9223372036854775808',
  ])('is refused as %j, by its name and with the rule that it breaks', (text) => {
    expect(() => ids.transform(text, { type: 'param', data: 'tokenId' })).toThrow(
      expect.objectContaining({
        detail: 'tokenId in the path must be a whole number from 1 to 9007199254740991',
      }) as Error,
    );
  });

  it.each(['', '*', '..', 'a b', 'x'.repeat(41)])(
    'of a role is refused as %j, with the rule that it breaks',
    (text) => {
      expect(() => new RoleUidPipe().transform(text, { type: 'param', data: 'roleUid' })).toThrow(
        expect.objectContaining({
          detail: 'roleUid in the path must have 1 to 40 of A-Z, a-z, 0-9, _ and -',
        }) as Error,
      );
    },
  );
});
