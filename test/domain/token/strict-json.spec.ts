import fc from 'fast-check';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  StrictJsonError,
} from '../../../src/domain/token/strict-json.js';
import { utf8 } from '../../support/tokens.js';

function parse(text: string): JsonValue {
  return parseStrictJson(utf8(text));
}

function reasonFor(input: string | Uint8Array, maxDepth?: number): string {
  try {
    const bytes = typeof input === 'string' ? utf8(input) : input;
    parseStrictJson(bytes, maxDepth === undefined ? {} : { maxDepth });
    return 'accepted';
  } catch (error) {
    if (error instanceof StrictJsonError) return error.reason;
    throw error;
  }
}

/** The same value with ordinary prototypes, to compare with. */
function plain(value: JsonValue): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('parseStrictJson', () => {
  it.each([
    ['null', null],
    [' \t\r\n true \n', true],
    ['false', false],
    ['""', ''],
    ['"\\ud83d\\ude00\\u0000\\/\\b\\f\\n\\r\\t\\"\\\\"', '\ud83d\ude00\0/\b\f\n\r\t"\\'],
    ['"\ufeff\u2028\u007f"', '\ufeff\u2028\u007f'],
    ['"\\ud800"', '\ud800'],
    ['-0', -0],
    ['1e3', 1000],
    ['-1.50E-2', -0.015],
    ['9007199254740993', 9007199254740992],
    ['1e-400', 0],
    ['[]', []],
    ['[ 1 , [ ] , { } ]', [1, [], {}]],
    ['{"b":[{"a":null}],"a":""}', { b: [{ a: null }], a: '' }],
  ])('reads %s', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each([
    ...['', ' ', 'nul', 'nulll', 'True', 'undefined', 'NaN', 'Infinity', '-Infinity', '01', '-'],
    ...['-01', '+1', '.5', '1.', '1e', '1e+', '0x10', '1_000', '1 2', '"', '"\\', '"\\"', '"\\x41"'],
    ...['"\\u12"', '"\\u{41}"', '"\t"', '"\n"', '"\0"', "'a'", '[', '[1', '[1,', '[1,]', '[,1]'],
    ...['[1 2]', '[1}', ']', '{', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" 1}'],
    ...['{a:1}', '{1:1}', '{,}', '{"a":1]', '{}{}', '[]x', '// c\n1', '1/**/', '\u00a01', '\f1'],
    ...['\v1', '1\u2028', '1\0', ' \ufeff1', '1\ufeff'],
  ])('finds the fault of syntax in %j', (text) => {
    expect(reasonFor(text)).toBe('syntax');
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  it.each<[string, number[]]>([
    ['a stray continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a code point beyond Unicode', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['a sequence that is cut off', [0x22, 0xe2, 0x82]],
    ['UTF-16 with a byte order mark', [0xff, 0xfe, 0x31, 0x00]],
    ['a Latin-1 letter', [0x22, 0xe9, 0x22]],
  ])('refuses %s as no UTF-8', (_, bytes) => {
    expect(reasonFor(Uint8Array.from(bytes))).toBe('utf8');
  });

  it('refuses a byte order mark', () => {
    expect(reasonFor('\ufeff{}')).toBe('bom');
    expect(reasonFor('\ufeff')).toBe('bom');
    expect(reasonFor('\ufeff\ufeff{}')).toBe('bom');
  });

  it('refuses UTF-16 without a mark', () => {
    expect(reasonFor(Buffer.from('{}', 'utf16le'))).toBe('syntax');
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"alg":"none","\\u0061lg":"ES256"}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"__proto__":1,"\\u005f_proto__":2}',
    '[{"x":{"a":1,"a":2}}]',
    '{"1":1,"1":2}',
    '{"\\ud83d\\ude00":1,"\ud83d\ude00":2}',
    '{"constructor":1,"constructor":2}',
    '{"\\/":1,"/":2}',
  ])('refuses the duplicate member of %s', (text) => {
    expect(reasonFor(text)).toBe('duplicate-member');
  });

  it('takes members for different that only look alike', () => {
    expect(reasonFor('{"a":1,"A":1,"a ":1,"\\u00e9":1,"e\\u0301":1,"a\\u0000":1}')).toBe('accepted');
    expect(reasonFor('[{"a":1},{"a":1,"b":{"a":1}}]')).toBe('accepted');
  });

  it('has no member that was not sent, and changes no prototype', () => {
    const value = parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as JsonObject;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect('toString' in value).toBe(false);
    expect(value.polluted).toBeUndefined();
    expect((parse('{}') as JsonObject).constructor).toBeUndefined();
    expect(({} as JsonObject).polluted).toBeUndefined();
  });

  it.each(['1e400', '-1e400', '[1e309]', '{"exp":1e400}', '{"x":{"y":[0,1e999999999999]}}'])(
    'refuses %s, which no finite double is',
    (text) => {
      expect(reasonFor(text)).toBe('number');
    },
  );

  it('refuses an integer of 400 digits, and takes the largest double', () => {
    expect(reasonFor('9'.repeat(400))).toBe('number');
    expect(parse('1.7976931348623157e308')).toBe(Number.MAX_VALUE);
  });

  it('counts the outermost array or object as depth 1, and refuses depth 33', () => {
    expect(reasonFor('['.repeat(32) + ']'.repeat(32))).toBe('accepted');
    expect(reasonFor('['.repeat(33) + ']'.repeat(33))).toBe('depth');
    expect(reasonFor('{"a":'.repeat(32) + '1' + '}'.repeat(32))).toBe('accepted');
    expect(reasonFor('{"a":'.repeat(33) + '1' + '}'.repeat(33))).toBe('depth');
    expect(reasonFor(`[${'[],'.repeat(1000)}[]]`)).toBe('accepted');
    expect(reasonFor('[[]]', 1)).toBe('depth');
    expect(reasonFor('1', 0)).toBe('accepted');
  });

  it.each(['[', '{"a":', '[{"a":'])('survives 100,000 times %s, with and without a limit', (opening) => {
    const deep = opening.repeat(100_000);
    expect(reasonFor(deep)).toBe('depth');
    expect(reasonFor(deep, Infinity)).toBe('syntax');
  });

  it('reads megabytes of one string, number or array without a deep stack', () => {
    expect(parse(`"${'a\\n'.repeat(1_000_000)}"`)).toHaveLength(2_000_000);
    expect(parse(`[${'1,'.repeat(500_000)}1]`)).toHaveLength(500_001);
    expect(parse(`0.${'1'.repeat(1_000_000)}`)).toBeCloseTo(0.111);
  });

  it('agrees with the engine on every JSON text that has nothing odd', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(undefined, 2, '\t'), (text, indent) => {
        const value: unknown = JSON.parse(text);
        expect(plain(parse(JSON.stringify(value, null, indent)))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('answers any bytes with a value or with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        reasonFor(bytes);
      }),
    );
  });

  it('accepts no text that the engine refuses, after any change of a valid one', () => {
    const tokens = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '1',
      '-',
      '0',
      '.',
      'e',
      'true',
      'null',
      ' ',
      '\\',
      '"',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expected = undefined;
        }
        const reason = reasonFor(text);
        if (expected === undefined) expect(reason).not.toBe('accepted');
        else expect(['accepted', 'duplicate-member']).toContain(reason);
        if (reason === 'accepted') expect(plain(parse(text))).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('A text that is not strict JSON', () => {
  it.each([
    ['utf8', Uint8Array.of(0x80), 'it is not UTF-8'],
    ['bom', '\ufeff1', 'it begins with a byte order mark'],
    ['syntax', '{', 'it is not JSON'],
    ['duplicate-member', '{"a":1,"a":1}', 'it has a duplicate member'],
    ['depth', '['.repeat(33), 'it is nested too deeply'],
    ['number', '1e400', 'it has a number that is too large'],
  ] as const)('is refused for its %s in words that end a sentence', (reason, input, message) => {
    const bytes = typeof input === 'string' ? utf8(input) : input;
    const error = expect.objectContaining({ name: 'StrictJsonError', reason, message }) as Error;
    expect(() => parseStrictJson(bytes)).toThrow(error);
  });

  it('is no byte order mark by a part of one', () => {
    for (const bytes of [[0xef], [0xef, 0xbb], [0xef, 0xbb, 0x31], [0xef, 0x31, 0xbf], [0x31, 0xbb, 0xbf]]) {
      expect(reasonFor(Uint8Array.from(bytes))).toBe('utf8');
    }
    expect(parseStrictJson(utf8('"\uff01"'))).toBe('\uff01');
  });
});

describe('isJsonObject', () => {
  it('is true of objects alone', () => {
    expect([{}, [], null, 'a', 1, true, undefined].map((value) => isJsonObject(value))).toEqual([
      true,
      ...Array<boolean>(6).fill(false),
    ]);
  });
});
