// The in-line spec: what it takes, what it refuses and with which words, and that nothing else ever comes out of it.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GIB, MIB } from '../../../src/model/bytes.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { REFUSED_KEYS, SECRET_KEYS, SPEC_KEYS, VALID_KEYS } from '../../../src/model/spec-grammar.ts';
import { formatSpec, isSpec, MAX_SPEC_LENGTH, parseSpec, specFromOptions, type VolumeRequest } from '../../../src/model/spec.ts';

function errorOf(run: () => unknown): HoldfastError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof HoldfastError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}
const refusal = (text: string): HoldfastError => errorOf(() => parseSpec(text));

describe('a spec', () => {
  test('gives every key that it names and none that it does not', () => {
    expect(parseSpec('size=10G,repl=2,shared=false,fs=xfs,scale=1,class=fast,name=db')).toEqual({
      size_bytes: 10 * GIB, replicas: 2, access: 'single', filesystem: 'xfs', scale: 1, class: 'fast', name: 'db',
    });
    expect(parseSpec('name=db')).toEqual({ name: 'db' });
  });

  test('takes "," and ";" between its parts', () => {
    expect(parseSpec('size=1G;name=web')).toEqual(parseSpec('size=1G,name=web'));
  });

  test('is told from a name by its "="', () => {
    expect([isSpec('web'), isSpec('name=web'), isSpec('')]).toEqual([false, true, false]);
  });

  test.each([
    ['ha-level=3,name=a', { replicas: 3 }], ['sharedv4=false,name=a', { access: 'single' }], ['format=ext4,name=a', { filesystem: 'ext4' }],
    ['cos=3,name=a', { class: 'high' }], ['io_priority=low,name=a', { class: 'low' }], ['priority_io=medium,name=a', { class: 'medium' }],
    ['label=app=db,name=a', { labels: { app: 'db' } }], ['secure=false,name=a', { encrypted: false }], ['sticky=on,name=a', { deletion_protection: true }],
  ])("takes Portworx's key: %s", (text, wanted) => {
    expect(parseSpec(text)).toEqual({ name: 'a', ...wanted });
  });

  test('takes labels with "+" between them', () => {
    expect(parseSpec('labels=app=db+tier=gold,name=a').labels).toEqual({ app: 'db', tier: 'gold' });
  });

  test('takes the values of absent features that ask for nothing', () => {
    expect(parseSpec('journal=false,io_profile=auto,aggregation_level=1,snap_interval=0,name=a')).toEqual({ name: 'a' });
  });

  test('rounds a size up to whole blocks', () => {
    expect(parseSpec('size=8193K,name=a').size_bytes).toBe(8196 * 1024);
  });
});

describe('a spec is refused, and says which key and what to write instead', () => {
  test.each([
    ['sice=1G,name=a', 'sice', /"sice" is not a key/, /Did you mean size\? Valid keys: class, .*name.*size/],
    ['wholly=1,name=a', 'wholly', /not a key/, /^Valid keys: /],
    ['Size=1G,name=a', 'Size', /not a key/, /Did you mean size/],
    ['size=1G,size=1G,name=a', 'size', /size is given twice/, /Keep one/],
    ['repl=1,ha-level=1,name=a', 'ha-level', /repl means the same/, /Keep one/],
    ['size=1G', 'name', /no name/, /size=1G,name=NAME/],
    ['size=10,name=a', 'size', /not a size/, /10G/],
    ['size=1.5G,name=a', 'size', /not a size/, /1536M/],
    ['size=10X,name=a', 'size', /not a size/, /10G/],
    ['size=0G,name=a', 'size', /more than zero/, /10G/],
    ['size=-1G,name=a', 'size', /not a size/, /10G/],
    ['size=4M,name=a', 'size', /less than the smallest/, /8M to 1P/],
    ['size=2P,name=a', 'size', /more than the largest/, /8M to 1P/],
    ['size=99999999999999999999P,name=a', 'size', /more than can be counted/, /10G/],
    ['size=,name=a', 'size', /size has no value/, /size=10G/],
    ['size=1G,,name=a', 'spec', /separator too many/, /size=10G,fs=xfs,name=db/],
    ['size=1G,name=a,', 'spec', /separator too many/, /no spaces/],
    ['size = 1G,name=a', 'size', /spaces/, /no spaces/],
    ['size=1G, name=a', 'name', /spaces/, /no spaces/],
    ['web,size=1G', 'spec', /"web" has no "="/, /name=db/],
    ['=1G,name=a', 'spec', /no key/, /name=db/],
    ['fs=btrfs,name=a', 'fs', /not a filesystem/, /fs=xfs or fs=ext4/],
    ['fs=xfs,size=200M,name=a', 'fs', /XFS cannot be made on 200M/, /fs=ext4/],
    ['repl=0,name=a', 'repl', /1 to 3/, /repl=1/],
    ['repl=4,name=a', 'repl', /1 to 3/, /repl=1/],
    ['ha-level=two,name=a', 'ha-level', /1 to 3/, /ha-level=1/],
    ['shared=maybe,name=a', 'shared', /true or false/, /shared=false/],
    ['labels=app,name=a', 'labels', /not a label/, /app=db\+tier=gold/],
    ['labels=a=1+a=2,name=a', 'labels', /given twice/, /\+/],
    ['retention=soon,name=a', 'retention', /not a duration/, /7d/],
    ['name=a/b', 'name', /"\/"/, /a-z/],
    ['name=..', 'name', /must begin/, /a-z/],
    ['name=a\0b', 'name', /U\+0000/, /a-z/],
    [`name=${'a'.repeat(300)}`, 'name', /300 characters, 63 are allowed/, /1 to 63/],
    ['name=d\u0430ta', 'name', /U\+0430/, /a-z/],
    ['fs=\u0445fs,name=a', 'fs', /U\+0445/, /ASCII/],
    ['size=１G,name=a', 'size', /U\+FF11/, /size=10G/],
    [`name=a,class=${'x'.repeat(MAX_SPEC_LENGTH)}`, 'spec', /4096 are allowed/, /name=db/],
  ])('%j', (text, field, message, hint) => {
    const error = refusal(text);
    expect(error.code).toBe('invalid_argument');
    expect(error.detail.field).toBe(field);
    expect(error.message).toMatch(message);
    expect(error.detail.hint).toMatch(hint);
  });

  test.each([['shared=true', 'shared'], ['scale=3', 'scale'], ['secure=true', 'secure'], ['iops=500', 'iops'], ['snap_schedule=daily', 'snap_schedule'], ['journal=true', 'journal'], ['nodes=n1', 'nodes'], ['aggregation_level=2', 'aggregation_level']])('as unsupported: %s', (part, key) => {
    const error = refusal(`${part},name=a`);
    expect(error.code).toBe('unsupported');
    expect(error.detail.field).toBe(key);
    expect(error.message).toMatch(/is not built yet|are not built yet|has no counterpart/);
    expect(error.detail.hint).not.toBe('');
  });

  test.each(SECRET_KEYS.map((key) => [key]))('for a secret, which is not repeated: %s', (key) => {
    for (const text of [`${key}=hunter2,name=a`, `name=a,${key}=hunter2,hunter2`, `${key} = hunter2,name=a`, `${key.toUpperCase()}=hunter2`]) {
      const error = refusal(text);
      expect(error.code).toBe('invalid_argument');
      expect(error.message).toMatch(/secret/);
      expect(JSON.stringify(error.toBody())).not.toContain('hunter2');
    }
  });
});

describe('the table of keys', () => {
  test('has no spelling twice', () => {
    const spellings = [...SPEC_KEYS, ...REFUSED_KEYS].flatMap((row) => [row.key, ...row.synonyms]).concat(SECRET_KEYS);
    expect(new Set(spellings).size).toBe(spellings.length);
  });

  test('has an example for every key that is read without complaint', () => {
    for (const row of SPEC_KEYS) expect(row.read(row.example, row.key)).toHaveProperty(row.field);
  });

  test('lists every valid key when one is not valid', () => {
    for (const key of VALID_KEYS) expect(refusal('bogus=1,name=a').detail.hint).toContain(key);
  });
});

describe('options beside a name', () => {
  test('mean what the same keys mean in a spec', () => {
    expect(specFromOptions('web', { size: '1G', fs: 'ext4' })).toEqual(parseSpec('size=1G,fs=ext4,name=web'));
  });

  test('may hold labels with commas, where nothing else needs them', () => {
    expect(specFromOptions('web', { labels: 'a=1,b=2' }).labels).toEqual({ a: '1', b: '2' });
  });

  test('join the keys of a spec that stands for the name', () => {
    expect(specFromOptions('size=1G,name=web', { fs: 'ext4', size: '1024M' })).toEqual(parseSpec('size=1G,fs=ext4,name=web'));
  });

  test('that contradict the spec in the name are refused with both', () => {
    const error = errorOf(() => specFromOptions('size=1G,name=web', { size: '2G' }));
    expect(error).toMatchObject({ code: 'invalid_argument', message: 'size: the name says 1G and the options say 2G', detail: { field: 'size' } });
    expect(errorOf(() => specFromOptions('web', { name: 'other' })).message).toBe('name: the name says web and the options say other');
  });

  test('are checked together: XFS below its smallest size', () => {
    expect(errorOf(() => specFromOptions('size=100M,name=web', { fs: 'xfs' })).detail.field).toBe('fs');
  });

  test('of other drivers are unknown keys', () => {
    expect(errorOf(() => specFromOptions('web', { device: '/dev/sda' })).message).toContain('"device" is not a key');
    expect(errorOf(() => specFromOptions('web', JSON.parse('{"__proto__": "1"}') as Record<string, string>)).message).toContain('is not a key');
    expect(errorOf(() => specFromOptions('web', { constructor: '1' })).message).toContain('is not a key');
  });
});

const chars = (alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const name = fc.tuple(chars(LETTERS, 1, 1), chars(`${LETTERS}._-`, 0, 62)).map((parts) => parts.join(''));
const labels = fc.dictionary(chars(LETTERS, 1, 20), chars(`${LETTERS}._:/@- `, 0, 20).map((text) => text.trim()), { minKeys: 1, maxKeys: 5, noNullPrototype: true });
const request: fc.Arbitrary<VolumeRequest> = fc.record({
  name,
  size_bytes: fc.integer({ min: 300 * MIB / 4096, max: 2 ** 38 }).map((blocks) => blocks * 4096),
  filesystem: fc.constantFrom('xfs' as const, 'ext4' as const),
  access: fc.constant('single' as const),
  replicas: fc.integer({ min: 1, max: 3 }),
  scale: fc.constant(1),
  encrypted: fc.constant(false),
  class: name,
  labels,
  deletion_protection: fc.boolean(),
  trash_retention_ms: fc.integer({ min: 0, max: 3_000_000_000_000 }),
}, { requiredKeys: ['name'], noNullPrototype: true });

describe('for every input', () => {
  test('what formatSpec writes, parseSpec reads back to the same', () => {
    fc.assert(fc.property(request, (wanted) => {
      expect(parseSpec(formatSpec(wanted))).toEqual(wanted);
    }), { numRuns: 500 });
  });

  test('the order of the parts does not matter', () => {
    fc.assert(fc.property(request, fc.boolean(), (wanted, semicolon) => {
      const parts = formatSpec(wanted).split(',').reverse();
      expect(parseSpec(parts.join(semicolon ? ';' : ','))).toEqual(wanted);
    }));
  });

  const SALT = ['size', 'name', 'fs', 'labels', 'retention', 'repl', 'cos', '=', '=', ',', ';', '+', '1G', 'a', '\0', '\n', ' ', 'é', '\u{1F4BE}', '\uD800', '..', '/', '-1', '9'.repeat(400), '__proto__', 'constructor'];
  const noise = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.array(fc.constantFrom(...SALT), { maxLength: 20 }).map((parts) => parts.join('')));

  test('parseSpec gives a whole request or throws a HoldfastError of one line with a hint', () => {
    fc.assert(fc.property(noise, (text) => {
      try {
        expect(parseSpec(text).name).toMatch(/^[a-z0-9]/);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(HoldfastError);
        const { message, detail, code } = thrown as HoldfastError;
        expect(['invalid_argument', 'unsupported']).toContain(code);
        expect(`${message}${detail.field}${detail.hint}`).toMatch(/^[\x20-\x7e…]+$/);
        expect(message.length).toBeLessThan(400);
        expect(detail.hint).toBeTruthy();
      }
    }), { numRuns: 3000 });
  });

  test.each(['constructor', 'toString', '__proto__'])('a class that is named as something every object has (%s) is a class like others, or refused', (name) => {
    try {
      expect(specFromOptions(`cos=${name}`, {})).toMatchObject({ class: name });
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(HoldfastError);
    }
  });

  test('specFromOptions throws nothing but HoldfastErrors', () => {
    fc.assert(fc.property(noise, fc.dictionary(noise, noise, { maxKeys: 4 }), (text, options) => {
      try {
        specFromOptions(text, options);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(HoldfastError);
      }
    }), { numRuns: 1000 });
  });
});
