/**
 * What apply returns against what was planned. Terraform refuses a result that breaks a promise of the plan, and taints
 * an object whose create did: the next apply would destroy it together with its data. So a result is brought in line with
 * the plan before Terraform sees it, and the difference is said in a warning (an error under strict checks).
 */
import { equalValues, isObject, isUnknown, objectOf, unknownAsNull, type Value, type ValueType } from '../protocol/value.ts';
import type { Attributes } from './attribute.ts';
import { formatPath } from './diagnostics.ts';
import { show } from './plan.ts';
import { mapAttributes } from './walk.ts';

/** The broken promises, each naming its attribute; empty when the result may be returned as it is. */
export function contradictions(planned: Value, actual: Value, type: ValueType, at = ''): string[] {
  if (isUnknown(actual)) return [`${at || 'value'} is still unknown after apply`];
  if (isUnknown(planned)) return hasUnknown(actual) ? [`${at || 'value'} is still unknown after apply`] : [];
  if (planned === null || actual === null) return planned === actual ? [] : [`${at || 'value'} was planned as ${show(planned)}, but is ${show(actual)}`];
  if (typeof type !== 'string') {
    if (type[0] === 'object' && isObject(planned) && isObject(actual)) {
      return Object.entries(type[1]).flatMap(([name, inner]) => contradictions(planned[name] ?? null, actual[name] ?? null, inner, at === '' ? name : `${at}.${name}`));
    }
    if (type[0] === 'map' && isObject(planned) && isObject(actual)) {
      return [...new Set([...Object.keys(planned), ...Object.keys(actual)])].flatMap((key) => {
        const place = `${at}["${key}"]`;
        if (!(key in planned)) return [`${place} was not planned`];
        return key in actual ? contradictions(planned[key] ?? null, actual[key] ?? null, type[1], place) : [`${place} is missing`];
      });
    }
    if (Array.isArray(planned) && Array.isArray(actual)) return elementContradictions(planned, actual, type, at);
  }
  return equalValues(planned, actual, type) ? [] : [`${at || 'value'} was planned as ${show(planned)}, but is ${show(actual)}`];
}

function elementContradictions(planned: readonly Value[], actual: readonly Value[], type: Exclude<ValueType, string>, at: string): string[] {
  if (type[0] === 'set') {
    const same = (one: Value, other: Value): boolean => contradictions(one, other, type[1]).length === 0;
    const lost = planned.filter((one) => !actual.some((other) => same(one, other))).map((one) => `${at} lost the element ${show(one)}`);
    const gained = actual.filter((one) => !planned.some((other) => same(other, one))).map((one) => `${at} gained the element ${show(one)}`);
    return [...lost, ...gained];
  }
  if (planned.length !== actual.length) return [`${at} was planned with ${planned.length} elements, but has ${actual.length}`];
  return planned.flatMap((one, index) => contradictions(one, actual[index] ?? null, type[0] === 'tuple' ? type[1][index] ?? 'dynamic' : type[1] as ValueType, `${at}[${index}]`));
}

const hasUnknown = (value: Value): boolean => !equalJson(value, unknownAsNull(value));
const equalJson = (a: Value, b: Value): boolean => show(a) === show(b);

/** The result with every broken promise replaced by what was planned, and nothing unknown in it. */
export function keepToPlan(planned: Value, actual: Value, type: ValueType): Value {
  if (isUnknown(planned)) return unknownAsNull(actual);
  if (planned === null) return null;
  if (actual === null || isUnknown(actual)) return unknownAsNull(planned);
  if (typeof type !== 'string') {
    if (type[0] === 'object' && isObject(planned) && isObject(actual)) {
      return objectOf(Object.entries(type[1]).map(([name, inner]) => [name, keepToPlan(planned[name] ?? null, actual[name] ?? null, inner)]));
    }
    if (type[0] === 'map' && isObject(planned) && isObject(actual)) {
      return objectOf(Object.keys(planned).map((key) => [key, keepToPlan(planned[key] ?? null, actual[key] ?? null, type[1])]));
    }
    if (type[0] === 'list' && Array.isArray(planned) && Array.isArray(actual) && planned.length === actual.length) {
      return planned.map((one, index) => keepToPlan(one, actual[index] ?? null, type[1]));
    }
  }
  return contradictions(planned, actual, type).length === 0 ? actual : unknownAsNull(planned);
}

/** Computed attributes that must have a value in a state and have none. */
export function missingValues(attributes: Attributes, state: Value): string[] {
  if (!isObject(state)) return [];
  const missing: string[] = [];
  mapAttributes(attributes, { value: state, config: null, prior: null }, (spec, { value, path }) => {
    if (value === null && !spec.nullable && !spec.writeOnly && spec.presence !== 'optional') missing.push(`${formatPath(path)} has no value`);
    return value;
  });
  return missing;
}
