import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { objectType, t, type Attributes } from '../../../../provider/framework/attribute.ts';
import { contradictions, keepToPlan, missingValues } from '../../../../provider/framework/consistency.ts';
import { Diagnostics, formatPath, pathToWire } from '../../../../provider/framework/diagnostics.ts';
import { planAttributes, planContradictions, validateAttributes } from '../../../../provider/framework/plan.ts';
import { proposedNewState } from '../../../../provider/framework/testing.ts';
import { parseDuration } from '../../../../provider/framework/timeouts.ts';
import { isUnknown, isWhollyKnown, objectOf, UNKNOWN, type Value, type ValueObject } from '../../../../provider/protocol/value.ts';

const whole = (attributes: Attributes, value: Record<string, Value>): ValueObject => objectOf(Object.keys(attributes).map((name) => [name, value[name] ?? null]));
function plan(attributes: Attributes, config: Record<string, Value>, prior: Record<string, Value> | null = null) {
  const [written, before] = [whole(attributes, config), prior === null ? null : whole(attributes, prior)];
  const planned = planAttributes(attributes, { proposed: proposedNewState(attributes, written, before), config: written, prior: before });
  expect(planContradictions(attributes, { config: written, prior: before, state: planned.state })).toEqual([]);
  return { state: planned.state, replace: planned.replace.map(formatPath) };
}

describe('planning', () => {
  const attributes = {
    id: t.string().computed().keepsPrior(), name: t.string().required(), kind: t.string().default('ssd'), note: t.string(), host: t.string().optionalComputed(), revision: t.int().computed(),
    zone: t.string().requiresReplace(), size: t.int().default(1).requiresReplaceIf((prior, next) => next < prior),
  };
  const prior = { id: 'x', name: 'a', kind: 'ssd', note: null, host: 'h', revision: 1, zone: 'z', size: 4 };

  test('a new object gets defaults, and unknowns where the provider decides', () => {
    expect(plan(attributes, { name: 'a' })).toEqual({ state: whole(attributes, { id: UNKNOWN, name: 'a', kind: 'ssd', host: UNKNOWN, revision: UNKNOWN, size: 1 }), replace: [] });
  });
  test('an unchanged object has an empty plan', () => {
    expect(plan(attributes, { name: 'a', zone: 'z', size: 4 }, prior)).toEqual({ state: whole(attributes, prior), replace: [] });
  });
  test('a removed value returns to its default', () => {
    expect(plan(attributes, { name: 'a', zone: 'z', size: 4 }, { ...prior, kind: 'hdd' }).state['kind']).toBe('ssd');
  });
  test('a change makes computed values unknown, but not those that keep their prior', () => {
    const { state } = plan(attributes, { name: 'b', zone: 'z', size: 4 }, prior);
    expect(state).toMatchObject({ id: 'x', name: 'b' });
    expect([state['host'], state['revision']].every(isUnknown)).toBe(true);
  });
  test('a configured value wins over the provider', () => {
    expect(plan(attributes, { name: 'a', zone: 'z', size: 4, host: 'mine' }, prior).state['host']).toBe('mine');
  });
  test.each([[{ zone: 'y', size: 4 }, ['zone']], [{ zone: 'z', size: 3 }, ['size']], [{ zone: 'z', size: 5 }, []], [{ zone: UNKNOWN, size: UNKNOWN }, ['zone', 'size']], [{ zone: null, size: 4 }, ['zone']]])('%j replaces because of %j', (change, causes) => {
    expect(plan(attributes, { name: 'a', ...change }, prior).replace).toEqual(causes);
  });

  test('nested objects: defaults and unknowns only where the user wrote the object; sets follow their elements', () => {
    const nested = {
      disk: t.object({ gb: t.int().required(), kind: t.string().default('ssd'), device: t.string().computed().keepsPrior() }),
      rules: t.setOf({ port: t.int().required(), protocol: t.string().default('tcp'), id: t.string().computed().keepsPrior() }),
      peers: t.mapOf({ host: t.string().required(), weight: t.int().default(10) }),
      report: t.object({ moved: t.int().computed() }).computed(),
    };
    const made = plan(nested, { disk: { gb: 3 }, rules: [{ port: 1 }], peers: { a: { host: 'h' }, b: UNKNOWN } }).state;
    expect(made).toMatchObject({ disk: { gb: 3, kind: 'ssd' }, peers: { a: { host: 'h', weight: 10 } } });
    expect([made['report'], (made['disk'] as ValueObject)['device'], (made['peers'] as ValueObject)['b']].every(isUnknown)).toBe(true);
    const before = { disk: { gb: 3, kind: 'ssd', device: 'd' }, rules: [{ port: 1, protocol: 'tcp', id: 'one' }, { port: 1, protocol: 'udp', id: 'two' }, { port: 9, protocol: 'tcp', id: 'nine' }], peers: null, report: { moved: 0 } };
    const { state } = plan(nested, { disk: { gb: 4 }, rules: [{ port: 1, protocol: 'udp' }, { port: 1 }, { port: 5 }] }, before);
    expect(state['disk']).toMatchObject({ gb: 4, device: 'd' });
    expect(state['rules']).toMatchObject([{ id: 'two' }, { protocol: 'tcp', id: 'one' }, { port: 5 }]);
    expect(isUnknown((state['rules'] as ValueObject[])[2]?.['id'])).toBe(true);
    expect(plan(nested, { disk: null }, null).state['disk']).toBeNull();
  });

  test('is a pure function whose second answer on its own result changes nothing', () => {
    const values = fc.record({ name: fc.string(), kind: fc.option(fc.string()), note: fc.option(fc.string()), host: fc.option(fc.string()), zone: fc.option(fc.string()), size: fc.option(fc.integer()) });
    fc.assert(fc.property(values, values, (first, second) => {
      const made = plan(attributes, first).state;
      const applied = { ...made, id: 'id', host: isUnknown(made['host']) ? 'host' : made['host'] ?? null, revision: 1 };
      expect(plan(attributes, first, applied)).toEqual({ state: whole(attributes, applied), replace: [] });
      const changed = plan(attributes, second, applied).state;
      expect(plan(attributes, second, applied).state).toEqual(changed);
      expect(changed['id']).toBe('id');
    }));
  });
});

describe('the rules of a plan', () => {
  test('name what Terraform would refuse', () => {
    const attributes = { name: t.string().required(), note: t.string(), id: t.string().computed() };
    const config = whole(attributes, { name: 'a' });
    expect(planContradictions(attributes, { config, prior: null, state: whole(attributes, { name: 'b', note: 'x', id: 'free' }) })).toEqual(['name is configured as "a", but planned as "b"', 'note is not configured and not computed, but planned as "x"']);
    expect(planContradictions(attributes, { config, prior: whole(attributes, { name: 'b' }), state: whole(attributes, { name: 'b' }) })).toEqual([]);
    expect(planContradictions(attributes, { config, prior: null, state: { ...config, more: 1 } })).toEqual(['there is no attribute more']);
  });
  test('required values must not be null, at any depth, and each validator sees known values only', () => {
    const attributes = { rules: t.setOf({ port: t.int().required() }), tags: t.list(t.string().validate((value, path, { error }) => { if (value === 'bad') error('Bad', 'bad', path); })) };
    const diagnostics = new Diagnostics();
    validateAttributes(attributes, whole(attributes, { rules: [{ port: null }, { port: 1.5 }, { port: UNKNOWN }], tags: ['good', 'bad', UNKNOWN] }), diagnostics);
    expect(diagnostics.toWire().map(({ detail }) => detail)).toEqual(['rules[*].port must have a value; it is null.', expect.stringContaining('rules[*].port must be a whole number'), 'bad']);
    expect(diagnostics.toWire()[0]?.attribute).toEqual({ steps: [{ attribute: 'rules' }] });
    expect(diagnostics.toWire()[2]?.attribute).toEqual({ steps: [{ attribute: 'tags' }, { index: 1 }] });
  });
});

describe('results against plans', () => {
  const attributes = { a: t.string().computed(), list: t.list(t.int()), set: t.setOf({ n: t.int().required(), id: t.string().computed() }), map: t.map(t.string()) };
  const type = objectType(attributes);
  const planned = whole(attributes, { a: UNKNOWN, list: [1, 2], set: [{ n: 1, id: UNKNOWN }, { n: 2, id: UNKNOWN }], map: { k: 'v' } });
  const kept = whole(attributes, { a: 'x', list: [1, 2], set: [{ n: 2, id: 'b' }, { n: 1, id: 'a' }], map: { k: 'v' } });

  test('are accepted when every promise is kept', () => {
    expect(contradictions(planned, kept, type)).toEqual([]);
    expect(keepToPlan(planned, kept, type)).toEqual(kept);
  });
  test.each([
    [{ list: [1] }, 'list was planned with 2 elements, but has 1'], [{ list: [1, 3] }, 'list[1] was planned as 2, but is 3'], [{ set: [{ n: 1, id: 'a' }] }, 'set lost the element'], [{ set: null }, 'set was planned as'],
    [{ set: [{ n: 1, id: 'a' }, { n: 2, id: 'b' }, { n: 3, id: 'c' }] }, 'set gained the element'], [{ map: { k: 'v', l: 'w' } }, 'map["l"] was not planned'], [{ map: {} }, 'map["k"] is missing'], [{ a: UNKNOWN }, 'a is still unknown after apply'],
  ])('%j is reported, and repaired', (change, said) => {
    const actual = { ...kept, ...change } as ValueObject;
    expect(contradictions(planned, actual, type)).toEqual(expect.arrayContaining([expect.stringContaining(said)]));
    const repaired = keepToPlan(planned, actual, type);
    expect(contradictions(planned, repaired, type)).toEqual([]);
    expect(isWhollyKnown(repaired)).toBe(true);
  });
  test('must have all values that are not nullable', () => {
    expect(missingValues(attributes, whole(attributes, { set: [{ n: 1, id: null }] }))).toEqual(['a has no value', 'set[*].id has no value']);
  });
});

describe('durations', () => {
  test.each([['90s', 90_000], ['1h30m', 5_400_000], ['1.5h', 5_400_000], ['250ms', 250]])('%s is %d ms', (written, ms) => { expect(parseDuration(written)).toBe(ms); });
  test.each(['', '5', '5 m', 'soon', '-5m', '0s', '1d', '999999h', '5m '])('"%s" is refused with the way to write it', (written) => {
    expect(() => parseDuration(written)).toThrow(/such as "90s"|no time at all|longer than the 576h/);
  });
});

test('paths are written for people and for Terraform', () => {
  const path = ['disks', 0, 'labels', { key: 'team' }] as const;
  expect(formatPath(path)).toBe('disks[0].labels["team"]');
  expect(pathToWire(path)).toEqual({ steps: [{ attribute: 'disks' }, { index: 0 }, { attribute: 'labels' }, { key: 'team' }] });
});
