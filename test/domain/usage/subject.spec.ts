import { roleOf, subjectFault } from '../../../src/domain/usage/subject.js';

describe('the name of a subject', () => {
  it.each([['a'], ['anna@example.com'], [' '], ['é'.repeat(128)], ['a'.repeat(256)], ['😀'], ['__proto__']])(
    'can be %j',
    (name) => expect(subjectFault(name)).toBeUndefined(),
  );

  it.each<[unknown, string]>([
    [1, 'must be a string'],
    [null, 'must be a string'],
    [undefined, 'must be a string'],
    ['', 'must not be empty'],
    ['a\n', 'must not contain control characters'],
    ['\0', 'must not contain control characters'],
    ['\x7f', 'must not contain control characters'],
    ['\x9f', 'must not contain control characters'],
    ['\ud800', 'must not contain half of a surrogate pair'],
    ['a'.repeat(257), 'must have at most 256 bytes of UTF-8'],
    [`${'é'.repeat(128)}a`, 'must have at most 256 bytes of UTF-8'],
  ])('cannot be %j', (name, fault) => expect(subjectFault(name)).toBe(fault));

  it('counts as a viewer unless a role is said, and a device has none', () => {
    expect([roleOf(), roleOf('user', 'admin'), roleOf('device'), roleOf('device', 'admin')]).toEqual([
      'viewer',
      'admin',
      'device',
      'device',
    ]);
  });
});
