/**
 * Walks a value along its schema, with the configuration and the prior state at the same place beside it. The one place
 * that knows how elements of the three belong together: by name, by key, by index, and in sets by what the user wrote.
 */
import { equalValues, isObject, isUnknown, objectOf, type Value, type ValueObject } from '../protocol/value.ts';
import type { Attributes, AttributeSpec } from './attribute.ts';
import type { Path } from './diagnostics.ts';

export interface Place {
  readonly path: Path;
  readonly value: Value;
  /** Null where the user wrote nothing. */
  readonly config: Value;
  readonly prior: Value;
  /** True when the user wrote the object this attribute is in. */
  readonly configured: boolean;
}
/** Gives the value to put in place; what it returns is walked into. */
export type Visitor = (spec: AttributeSpec, place: Place) => Value;
interface Objects { readonly value: ValueObject; readonly config: ValueObject | null; readonly prior: ValueObject | null }

/** Rebuilds an object attribute by attribute, outer ones first. */
export function mapAttributes(attributes: Attributes, { value, config, prior }: Objects, visit: Visitor, path: Path = []): ValueObject {
  return objectOf(Object.entries(attributes).map(([name, { spec }]) => {
    const place: Place = { path: [...path, name], value: value[name] ?? null, config: config?.[name] ?? null, prior: prior?.[name] ?? null, configured: config !== null };
    const visited = visit(spec, place);
    return [name, spec.nested === undefined || visited === null || isUnknown(visited) ? visited : descend(spec.nested, { ...place, value: visited }, visit)];
  }));
}

function descend({ nesting, attributes }: NonNullable<AttributeSpec['nested']>, { value, config, prior, path }: Place, visit: Visitor): Value {
  const into = (one: Value, beside: { config: Value | undefined; prior: Value | undefined }, at: Path): Value =>
    (isObject(one) ? mapAttributes(attributes, { value: one, config: objectOrNull(beside.config), prior: objectOrNull(beside.prior) }, visit, at) : one);
  if (nesting === 'single') return into(value, { config, prior }, path);
  if (nesting === 'map') {
    if (!isObject(value)) return value;
    return objectOf(Object.entries(value).map(([key, one]) => [key, into(one, { config: objectOrNull(config)?.[key], prior: objectOrNull(prior)?.[key] }, [...path, { key }])]));
  }
  if (!Array.isArray(value)) return value;
  if (nesting === 'list') return value.map((one, index) => into(one, { config: listOrEmpty(config)[index], prior: listOrEmpty(prior)[index] }, [...path, index]));
  const configs = correlate(value, listOrEmpty(config), attributes);
  const priors = correlate(value, listOrEmpty(prior), attributes);
  return value.map((one, index) => into(one, { config: configs[index], prior: priors[index] }, [...path, '*']));
}

const objectOrNull = (value: Value | undefined): ValueObject | null => (isObject(value) ? value : null);
const listOrEmpty = (value: Value): readonly Value[] => (Array.isArray(value) ? value : []);

/** For each element of a set the most alike of the others, each used once; null where none is the same but for what the provider fills in. */
export function correlate(elements: readonly Value[], others: readonly Value[], attributes: Attributes): (ValueObject | null)[] {
  const left = new Set(others.filter(isObject));
  return elements.map((element) => {
    if (!isObject(element)) return null;
    let best: { other: ValueObject; score: number } | undefined;
    for (const other of left) {
      const score = likeness(element, other, attributes);
      if (score >= 0 && score > (best?.score ?? -1)) best = { other, score };
    }
    if (best === undefined) return null;
    left.delete(best.other);
    return best.other;
  });
}

/** How many attributes agree; -1 when one contradicts. Unknown, and null where the provider may fill in, agree with all. */
function likeness(a: ValueObject, b: ValueObject, attributes: Attributes): number {
  let score = 0;
  for (const [name, { spec }] of Object.entries(attributes)) {
    const [left, right] = [a[name] ?? null, b[name] ?? null];
    if (isOpen(left, spec) || isOpen(right, spec)) continue;
    const inner = spec.nested?.nesting === 'single' && isObject(left) && isObject(right) ? likeness(left, right, spec.nested.attributes) : undefined;
    if (inner === -1 || (inner === undefined && !agree(left, right, spec))) return -1;
    score += 1 + (inner ?? 0);
  }
  return score;
}

const isOpen = (value: Value, { presence }: AttributeSpec): boolean => isUnknown(value) || (value === null && presence !== 'required' && presence !== 'optional');

function agree(left: Value, right: Value, spec: AttributeSpec): boolean {
  const nested = spec.nested;
  if (nested === undefined || left === null || right === null) return equalValues(left, right, spec.type);
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return false;
    if (nested.nesting === 'set') return correlate(left, right, nested.attributes).every((found) => found !== null);
    return left.every((one, index) => alike(one, right[index], nested.attributes));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => alike(left[key], right[key], nested.attributes));
}

const alike = (a: Value | undefined, b: Value | undefined, attributes: Attributes): boolean => isObject(a) && isObject(b) && likeness(a, b, attributes) >= 0;
