import fc from 'fast-check';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import { issuerKeys, licenseCode, type Overrides, sign, validClaims } from '../../support/tokens.js';

const { keySet } = await issuerKeys();
const codeFor = (candidate: unknown): Promise<string> => licenseCode(candidate, keySet);

describe('The claims of a license token', () => {
  const sound = JSON.stringify(validClaims());

  it.each<[string, string | Uint8Array]>([
    ['a byte order mark', `\ufeff${sound}`],
    ['a duplicate exp', `{"exp":4000000000,${sound.slice(1)}`],
    ['a duplicate exp, spelled with an escape', `{"e\\u0078p":4000000000,${sound.slice(1)}`],
    ['a duplicate member further down', `{"a":[{"b":1,"b":1}],${sound.slice(1)}`],
    ['bytes that are no UTF-8', Buffer.from(sound.replace('Example', '\xff'), 'latin1')],
    ['an array', `[${sound}]`],
    ['null', 'null'],
    ['a string', JSON.stringify(sound)],
    ['no JSON', 'license'],
    ['a trailing comma', `${sound.slice(0, -1)},}`],
    ['text after it', `${sound} x`],
    ['33 levels', `{"n":${'['.repeat(32)}${']'.repeat(32)},${sound.slice(1)}`],
    ['thousands of levels', `{"n":${'['.repeat(11_000)}`],
    ['1e400 in a time', sound.replace(/"exp":\d+/, '"exp":1e400')],
    ['1e400 in an unknown claim', `{"n":[1e400],${sound.slice(1)}`],
    ['claims in a prototype', `{"__proto__":${sound}}`],
  ])('refuses a payload with %s', async (_, raw) => {
    expect(await codeFor(sign({ claims: raw }))).toBe('license.invalid');
  });

  it('keeps unknown claims out of what it reads', async () => {
    const unknown = { 'x-deep': [{ a: [null, 1.5, -1] }], note: 'n'.repeat(5000), aud: ['a'], toString: 1 };
    const license = await authenticateLicenseToken(sign({ claims: validClaims(unknown) }), keySet);
    expect(license.claims).toEqual(validClaims());
  });

  it('takes whole numbers in any spelling', async () => {
    const claims = sound
      .replace('"included_users":50', '"included_users":5.0e1')
      .replace('"update_days":1', '"update_days":-0');
    const license = await authenticateLicenseToken(sign({ claims }), keySet);
    expect(license.claims).toEqual(validClaims({ update_days: 0 }));
  });

  const identifiers = ['iss', 'sub', 'jti', 'lid'];
  const texts = ['company', 'account', 'slug', 'details_url', 'limit_by'];
  const times = ['iat', 'exp', 'lexp', 'nbf', 'trial_exp'];
  const counts = [
    ...['included_users', 'included_admins', 'included_viewers', 'lic_exp_warn_days', 'tok_exp_warn_days'],
    ...['update_days', 'max_concurrent_user_sessions', 'anonymousRatio'],
  ];
  const booleans = ['trial', 'usage_billing'];
  const required = [...identifiers, 'iat', 'exp', 'lexp', 'prod'];

  const every = Object.keys(validClaims());

  it('knows the claims of these tests', () => {
    expect([...identifiers, ...texts, ...times, ...counts, ...booleans, 'prod'].sort()).toEqual(every.sort());
  });

  it.each(every)(
    'requires %s or does without it, and never takes null, an object or a nested array',
    async (name) => {
      const expected = required.includes(name) ? 'license.invalid' : 'accepted';
      expect(await codeFor(sign({ claims: validClaims({ [name]: undefined }) }))).toBe(expected);
      for (const value of [null, {}, [[]], [null], [1], { length: 1 }]) {
        expect(await codeFor(sign({ claims: validClaims({ [name]: value }) }))).toBe('license.invalid');
      }
    },
  );

  it.each(every)('names %s when it is what is wrong', async (name) => {
    const refused = authenticateLicenseToken(sign({ claims: validClaims({ [name]: null }) }), keySet);
    await expect(refused).rejects.toThrow(`The claim "${name}" must be `);
  });

  it('says what a claim must be, in words that an issuer can act on', async () => {
    const text = 'a string of at most 1024 bytes without NUL and lone surrogates';
    const kinds: [string[], string][] = [
      [identifiers, `${text} that is not empty`],
      [texts, text],
      [times, 'a whole number from 1 to 253402300799'],
      [counts, 'a whole number from 0 to 2147483647'],
      [booleans, 'true or false'],
      [['prod'], `an array, each item ${text}`],
    ];
    for (const [names, description] of kinds) {
      for (const name of names) {
        const refused = authenticateLicenseToken(sign({ claims: validClaims({ [name]: null }) }), keySet);
        await expect(refused).rejects.toThrow(new Error(`The claim "${name}" must be ${description}.`));
      }
    }
    const missing = authenticateLicenseToken(sign({ claims: validClaims({ jti: undefined }) }), keySet);
    await expect(missing).rejects.toThrow(new Error('The claim "jti" is missing.'));
  });

  it.each([...identifiers, ...texts])('takes a string of up to 1 KiB for %s', async (name) => {
    const empty = identifiers.includes(name) ? 'license.invalid' : 'accepted';
    const cases: [unknown, string][] = [
      ['', empty],
      ['a'.repeat(1024), 'accepted'],
      ['a'.repeat(1025), 'license.invalid'],
      ['é'.repeat(512), 'accepted'],
      ['é'.repeat(513), 'license.invalid'],
      ['😀', 'accepted'],
      ['\ufeff\u202e ', 'accepted'],
      ['a\0', 'license.invalid'],
      ['\ud800', 'license.invalid'],
      ['\udc00a', 'license.invalid'],
      ['\udc00\ud800', 'license.invalid'],
      [0, 'license.invalid'],
      [true, 'license.invalid'],
      [['a'], 'license.invalid'],
    ];
    for (const [value, expected] of cases) {
      expect(await codeFor(sign({ claims: validClaims({ [name]: value } as Overrides) }))).toBe(expected);
    }
  });

  const numberCases = (least: string, most: string, beyond: string): [string, string][] => [
    [least, 'accepted'],
    [most, 'accepted'],
    ['1e3', 'accepted'],
    ['1000.0', 'accepted'],
    [beyond, 'license.invalid'],
    ['-1', 'license.invalid'],
    ['1.5', 'license.invalid'],
    ['1e-3', 'license.invalid'],
    ['1e19', 'license.invalid'],
    ['1e308', 'license.invalid'],
    ['1e400', 'license.invalid'],
    ['9007199254740993', 'license.invalid'],
    ['"1"', 'license.invalid'],
    ['true', 'license.invalid'],
    ['""', 'license.invalid'],
  ];

  it.each([...times, ...counts])('takes whole numbers of its range for %s', async (name) => {
    const cases = times.includes(name)
      ? [
          ...numberCases('1', '253402300799', '253402300800'),
          ['0', 'license.invalid'],
          ['-0', 'license.invalid'],
        ]
      : [...numberCases('0', '2147483647', '2147483648'), ['-0', 'accepted']];
    for (const [text, expected] of cases) {
      const claims = JSON.stringify(validClaims({ [name]: '?' })).replace('"?"', text ?? '');
      expect(`${text ?? ''} ${await codeFor(sign({ claims }))}`).toBe(`${text ?? ''} ${expected ?? ''}`);
    }
  });

  it.each(booleans)('takes true and false alone for %s', async (name) => {
    for (const [value, expected] of [
      [true, 'accepted'],
      [false, 'accepted'],
      [0, 'license.invalid'],
      [1, 'license.invalid'],
      ['true', 'license.invalid'],
      ['', 'license.invalid'],
    ] as const) {
      expect(await codeFor(sign({ claims: validClaims({ [name]: value }) }))).toBe(expected);
    }
  });

  it('takes an array of strings for prod', async () => {
    for (const [value, expected] of [
      [[], 'accepted'],
      [['a', 'b', ''], 'accepted'],
      [['a'.repeat(1024)], 'accepted'],
      ['grafana-enterprise', 'license.invalid'],
      [{ 0: 'a' }, 'license.invalid'],
      [['a', 1], 'license.invalid'],
      [['a', null], 'license.invalid'],
      [['a\0'], 'license.invalid'],
      [['\udfff'], 'license.invalid'],
      [['a'.repeat(1025)], 'license.invalid'],
    ] as [Overrides[string], string][]) {
      expect(await codeFor(sign({ claims: validClaims({ prod: value }) }))).toBe(expected);
    }
  });

  it('answers any signed JSON with claims or with its own error', async () => {
    const members = fc.dictionary(fc.constantFrom(...every, 'other'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), members), fc.boolean(), async (value, overSound) => {
        const claims = overSound ? { ...validClaims(), ...(value as object) } : value;
        await codeFor(sign({ claims: JSON.stringify(claims) }));
      }),
      { numRuns: 300 },
    );
  });
});
