import fc from 'fast-check';
import {
  canonicalJson,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  StrictJsonError,
} from '../../../src/domain/token/strict-json.js';
import { utf8 } from '../../support/tokens.js';

function parse(text: string): JsonValue {
  return parseStrictJson(utf8(text));
}

describe('canonicalJson', () => {
  it('sorts members by code unit at every level and leaves arrays as they are', () => {
    const text =
      '{"b":[3,{"d":1,"c":-0}],"\ue000":1,"\ud83d\ude00":2,"a":"\\u0041","10":1,"9":1,"__proto__":true}';
    expect(canonicalJson(parse(text))).toBe(
      '{"10":1,"9":1,"__proto__":true,"a":"A","b":[3,{"c":0,"d":1}],"\ud83d\ude00":2,"\ue000":1}',
    );
  });

  it('gives one text for one value, however it is spelled', () => {
    expect(canonicalJson(parse('{"a":1e3,"b":"\\u00e9"}'))).toBe(
      canonicalJson(parse(' { "b" : "é", "a": 1000.0 }')),
    );
    expect(canonicalJson(parse('"\\ud800"'))).toBe('"\\ud800"');
  });

  it('gives another text for another value', () => {
    const values = [
      'null',
      '"null"',
      '0',
      '"0"',
      '[]',
      '{}',
      '[[]]',
      '[0]',
      '{"0":0}',
      'false',
      '""',
      '[null]',
    ];
    expect(new Set(values.map((text) => canonicalJson(parse(text)))).size).toBe(values.length);
  });

  it('refuses what is too deep or not finite', () => {
    const deep = parseStrictJson(utf8('['.repeat(50_000) + ']'.repeat(50_000)), { maxDepth: Infinity });
    expect(() => canonicalJson(deep)).toThrow(StrictJsonError);
    expect(() => canonicalJson([Infinity])).toThrow(StrictJsonError);
    expect(canonicalJson(parse('['.repeat(32) + ']'.repeat(32)))).toHaveLength(64);
  });

  it('is a fixed point, and does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (object) => {
        const value = parse(JSON.stringify(object));
        const text = canonicalJson(value);
        expect(canonicalJson(parse(text))).toBe(text);
        const reversed = Object.fromEntries(Object.entries(value as JsonObject).reverse());
        expect(canonicalJson(reversed)).toBe(text);
      }),
    );
  });
});
