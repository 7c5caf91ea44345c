import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalNumber, Decimal, parseNumber } from '../../../../provider/protocol/number.ts';
import { conformToType, parseStateJson } from '../../../../provider/protocol/state-json.ts';
import { decodeValue, encodeValue } from '../../../../provider/protocol/value-codec.ts';
import { Dynamic, equalValues, isWhollyKnown, objectOf, UNKNOWN, unknownAsNull, type Value, type ValueType } from '../../../../provider/protocol/value.ts';

const primitive = fc.constantFrom<ValueType>('string', 'number', 'bool');
const typeArbitrary: fc.Arbitrary<ValueType> = fc.letrec<{ type: ValueType }>((tie) => ({
  type: fc.oneof({ maxDepth: 3, withCrossShrink: true }, primitive, fc.constant<ValueType>('dynamic'),
    fc.tuple(fc.constantFrom('list', 'set', 'map'), tie('type')) as fc.Arbitrary<ValueType>,
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('type'), { maxKeys: 4 }).map((fields): ValueType => ['object', fields]),
    fc.array(tie('type'), { maxLength: 3 }).map((types): ValueType => ['tuple', types])),
})).type;
const decimalText = fc.tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -30, max: 30 })).map(([digits, power]) => `${digits}e${power}`);
const numberArbitrary = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), decimalText.map(parseNumber));

function valueArbitrary(type: ValueType, unknown = true): fc.Arbitrary<Value> {
  const known = (): fc.Arbitrary<Value> => {
    if (type === 'string') return fc.string({ unit: 'grapheme' });
    if (type === 'number') return numberArbitrary;
    if (type === 'bool') return fc.boolean();
    if (type === 'dynamic') return primitive.chain((inner) => valueArbitrary(inner, false).map((value) => new Dynamic(inner, value)));
    switch (type[0]) {
      case 'list': case 'set': return fc.array(valueArbitrary(type[1], unknown), { maxLength: 20 });
      case 'tuple': return fc.tuple(...type[1].map((inner) => valueArbitrary(inner, unknown)));
      case 'map': return fc.array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor')), valueArbitrary(type[1], unknown)), { maxLength: 20 }).map((entries) => objectOf(entries));
      case 'object': return fc.tuple(...Object.entries(type[1]).map(([name, inner]) => valueArbitrary(inner, unknown).map((value) => [name, value] as const))).map((entries) => objectOf(entries));
    }
  };
  return fc.oneof({ weight: 8, arbitrary: known() }, { weight: 1, arbitrary: fc.constant(null) }, ...(unknown ? [{ weight: 1, arbitrary: fc.constant<Value>(UNKNOWN) }] : []));
}
const typed = (unknown = true) => typeArbitrary.chain((type) => fc.tuple(fc.constant(type), valueArbitrary(type, unknown)));

describe('the value codec', () => {
  test('reads back whatever it wrote, exactly', () => {
    fc.assert(fc.property(typed(), ([type, value]) => equalValues(decodeValue(encodeValue(value, type), type), value, type)), { numRuns: 1000 });
  });

  test('either reads any bytes or throws an error that says why, and never hangs', () => {
    fc.assert(fc.property(typeArbitrary, fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
      try {
        decodeValue(bytes, type);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).message).not.toBe('');
      }
    }), { numRuns: 2000 });
  });

  test.each<[string, string, Value]>([
    ['positive fixint', '07', 7], ['negative fixint', 'ff', -1], ['uint8', 'cc ff', 255], ['uint16', 'cd 0100', 256], ['uint32', 'ce ffffffff', 4294967295], ['uint64', 'cf ffffffffffffffff', 2n ** 64n - 1n],
    ['int8', 'd0 80', -128], ['int16', 'd1 8000', -32768], ['int32', 'd2 80000000', -2147483648], ['int64', 'd3 8000000000000000', -(2n ** 63n)], ['float32', 'ca 3fc00000', 1.5], ['float64', 'cb 3ff8000000000000', 1.5],
    ['decimal text', 'a3 302e31', 0.1], ['a large whole float64', 'cb 4415af1d78b58c40', 10n ** 20n], ['text without an exact double', 'b6 302e3130303030303030303030303030303030303031', new Decimal('0.10000000000000000001')],
  ])('reads a number written as %s', (_name, hex, expected) => {
    const value = decodeValue(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 'number');
    expect(typeof value).toBe(typeof expected);
    expect(equalValues(value, expected, 'number')).toBe(true);
  });

  test.each(['d40000', 'd50c0000', 'c7020c81c3', 'c800020c81c3', `d8${'00'.repeat(17)}`])('takes the extension %s for an unknown value', (hex) => {
    expect(decodeValue(Buffer.from(hex, 'hex'), 'string')).toBe(UNKNOWN);
  });

  test('sends every attribute, absent ones as nil, and no refinement of the unknown', () => {
    const type: ValueType = ['object', { a: 'string', b: 'number' }];
    expect(encodeValue(objectOf([['a', UNKNOWN]]), type).toString('hex')).toBe('82a161d40000a162c0');
  });

  test('refuses NaN and infinity, wrong types and attributes without a schema, naming the place', () => {
    const type: ValueType = ['object', { disks: ['list', ['object', { gb: 'number' }]] }];
    expect(() => encodeValue({ disks: [{ gb: NaN }] }, type)).toThrow('disks[0].gb: NaN is not a number Terraform can hold');
    expect(() => encodeValue({ disks: [{ gb: 'x' }] }, type)).toThrow('disks[0].gb: number expected, got string');
    expect(() => encodeValue({ disks: [{ size: 1 }] }, type)).toThrow('disks[0]: there is no attribute "size"');
    expect(() => decodeValue(Buffer.from('cb7ff8000000000000', 'hex'), 'number')).toThrow('NaN');
    expect(() => decodeValue(Buffer.from('ddffffffff', 'hex'), ['list', 'string'])).toThrow('4294967295 elements are more than the bytes that follow');
  });
});

describe('numbers', () => {
  test('keep their exact decimal value in every form', () => {
    fc.assert(fc.property(decimalText, (text) => canonicalNumber(parseNumber(text)) === canonicalNumber(new Decimal(text))));
  });
  test('are plain numbers where that loses nothing, and never negative zero', () => {
    expect([parseNumber('1.50'), parseNumber('-0'), parseNumber('9007199254740993'), parseNumber('1e2')]).toEqual([1.5, 0, 9007199254740993n, 100]);
    expect(parseNumber('0.1000000000000000055511151231257827')).toBeInstanceOf(Decimal);
    expect(() => parseNumber('.')).toThrow('not a decimal number');
  });
});

describe('state JSON', () => {
  test('is read without losing a digit, and shaped to a type', () => {
    fc.assert(fc.property(fc.bigInt(), fc.string(), (digits, key) => {
      const read = parseStateJson(`{${JSON.stringify(key)}: ${digits}, "n": [${digits}.25]}`) as Record<string, Value>;
      return key === 'n' || canonicalNumber(read[key] as bigint) === canonicalNumber(digits);
    }));
    const type: ValueType = ['object', { a: 'number', b: ['set', 'string'], c: 'dynamic' }];
    expect(conformToType(parseStateJson('{"a": "12", "b": [1, "x"], "gone": true, "c": {"type": "bool", "value": true}}'), type))
      .toEqual(objectOf([['a', 12], ['b', ['1', 'x']], ['c', new Dynamic('bool', true)]]));
    expect(() => conformToType(parseStateJson('{"b": 3}'), type)).toThrow('b: set expected, got 3');
  });
  test('with a key named __proto__ is only data', () => {
    const read = parseStateJson('{"__proto__": {"x": 1}}') as Record<string, Value>;
    expect(Object.keys(read)).toEqual(['__proto__']);
    expect((read as { x?: unknown }).x).toBeUndefined();
  });
});

describe('equality of values', () => {
  test('ignores the order and the duplicates of sets, the form of numbers and of Unicode', () => {
    expect(equalValues(['a', 'b', 'a'], ['b', 'a'], ['set', 'string'])).toBe(true);
    expect(equalValues(['a', 'b'], ['b', 'a'], ['list', 'string'])).toBe(false);
    expect(equalValues(10n ** 20n, new Decimal('1e20'), 'number')).toBe(true);
    expect(equalValues('é', 'é', 'string')).toBe(true);
    expect(equalValues({ a: null }, {}, ['object', { a: 'string' }])).toBe(true);
    expect(equalValues(UNKNOWN, null, 'string')).toBe(false);
  });
  test('and knownness look into everything', () => {
    expect(isWhollyKnown([{ a: UNKNOWN }])).toBe(false);
    fc.assert(fc.property(typed(), ([, value]) => isWhollyKnown(unknownAsNull(value))));
  });
});
