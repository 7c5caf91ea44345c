import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeValue, prefixEnd } from '../../../src/store/rules.ts';

const text = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 6 });

describe('prefixEnd', () => {
  test('is greater than every key with the prefix, and not greater than any later key', () => {
    fc.assert(
      fc.property(text, text, (prefix, key) => {
        expect(key >= prefix && key < prefixEnd(prefix)).toBe(key.startsWith(prefix));
        expect(prefix + key < prefixEnd(prefix)).toBe(true);
      }),
    );
  });
});

describe('encodeValue', () => {
  test('gives text that reads back as the value', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(JSON.stringify(JSON.parse(encodeValue('k', value)))).toBe(JSON.stringify(value))));
  });

  test('takes a property that is undefined as absent', () => {
    expect(encodeValue('k', { a: undefined, b: 1 })).toBe('{"b":1}');
  });

  test('refuses what holds itself, naming the key', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    expect(() => encodeValue('the/key', value)).toThrow(/the\/key.*holds itself/);
  });

  test('takes objects without a prototype, and a property named __proto__ as any other', () => {
    expect(encodeValue('k', Object.assign(Object.create(null) as object, { a: 1 }))).toBe('{"a":1}');
    expect(encodeValue('k', JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  });
});
