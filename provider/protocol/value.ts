/**
 * Terraform's values as JavaScript sees them, and nothing else: what a configuration, a plan and a state are made of.
 * Resources may import this file (and only this one) from the protocol. It knows no bytes and no schema.
 */
import { canonicalNumber, Decimal } from './number.ts';

export { Decimal } from './number.ts';

/** A type constraint in the JSON form that travels on the wire. */
export type ValueType =
  | 'string' | 'number' | 'bool' | 'dynamic'
  | readonly ['list' | 'set' | 'map', ValueType]
  | readonly ['object', { readonly [name: string]: ValueType }]
  | readonly ['tuple', readonly ValueType[]];

/** A value that Terraform will only know after an apply. There is one of it: `UNKNOWN`. */
export class Unknown {
  // A private member makes the type nominal: without it every object would be assignable to Unknown.
  readonly #brand = 'unknown';
  toString(): string { return `(${this.#brand} until apply)`; }
  toJSON(): string { return this.toString(); }
}
export const UNKNOWN = new Unknown();

/** True for a value that is not known yet. Does not look inside lists and objects; `isWhollyKnown` does. */
export const isUnknown = (value: unknown): value is Unknown => value instanceof Unknown;

/** A value of an attribute whose type is chosen by the user: it carries its type. */
export class Dynamic {
  readonly type: ValueType;
  readonly value: Value;
  constructor(type: ValueType, value: Value) { this.type = type; this.value = value; }
}

export type Value = null | string | boolean | number | bigint | Decimal | Unknown | Dynamic | Value[] | ValueObject;
export interface ValueObject { [name: string]: Value }

/** True for objects and maps; false for null, lists, numbers, unknown and dynamic values. */
export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    && !(value instanceof Unknown) && !(value instanceof Dynamic) && !(value instanceof Decimal);
}

/** True when nothing in the value, at any depth, is unknown. */
export function isWhollyKnown(value: Value): boolean {
  if (value instanceof Unknown) return false;
  if (Array.isArray(value)) return value.every(isWhollyKnown);
  if (value instanceof Dynamic) return isWhollyKnown(value.value);
  return !isObject(value) || Object.values(value).every(isWhollyKnown);
}

/** The value with everything unknown in it replaced by null. */
export function unknownAsNull(value: Value): Value {
  if (value instanceof Unknown) return null;
  if (Array.isArray(value)) return value.map(unknownAsNull);
  if (value instanceof Dynamic) return new Dynamic(value.type, unknownAsNull(value.value));
  if (!isObject(value)) return value;
  return objectOf(Object.entries(value).map(([name, inner]) => [name, unknownAsNull(inner)]));
}

/** An object without a prototype, so that a key of the user's such as `__proto__` is only a key. */
export function objectOf(entries: Iterable<readonly [string, Value]>): ValueObject {
  const made = Object.create(null) as ValueObject;
  for (const [name, value] of entries) made[name] = value;
  return made;
}

/**
 * Whether Terraform would call the two values the same: numbers by their exact decimal value, strings in normal form C,
 * sets without order, an absent attribute as null, unknown only like unknown.
 */
export function equalValues(a: Value | undefined, b: Value | undefined, type: ValueType): boolean {
  return a === b || fingerprint(a, type) === fingerprint(b, type);
}

/** A text that two values of one type share exactly when they are the same. */
export function fingerprint(value: Value | undefined, type: ValueType): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Unknown) return '?';
  if (type === 'string') return typeof value === 'string' ? JSON.stringify(value.normalize('NFC')) : mistyped(value);
  if (type === 'bool') return typeof value === 'boolean' ? String(value) : mistyped(value);
  if (type === 'number') return isNumeric(value) ? canonicalNumber(value) : mistyped(value);
  if (type === 'dynamic') {
    return value instanceof Dynamic ? `dynamic(${JSON.stringify(value.type)},${fingerprint(value.value, value.type)})` : mistyped(value);
  }
  switch (type[0]) {
    case 'list': return Array.isArray(value) ? `[${value.map((one) => fingerprint(one, type[1])).join()}]` : mistyped(value);
    case 'set': return Array.isArray(value) ? `{${[...new Set(value.map((one) => fingerprint(one, type[1])))].sort().join()}}` : mistyped(value);
    case 'tuple': return Array.isArray(value) ? `(${value.map((one, at) => fingerprint(one, type[1][at] ?? 'dynamic')).join()})` : mistyped(value);
    case 'map': {
      if (!isObject(value)) return mistyped(value);
      return `map{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${fingerprint(value[name], type[1])}`).join()}}`;
    }
    case 'object': {
      if (!isObject(value)) return mistyped(value);
      return `object{${Object.entries(type[1]).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => `${name}:${fingerprint(value[name], inner)}`).join()}}`;
    }
  }
}

export const isNumeric = (value: Value): value is number | bigint | Decimal =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal;

// A value of the wrong type equals only itself; the codec says what is wrong when it is sent.
const mistyped = (value: Value): string => `mistyped(${String(JSON.stringify(value, (_name, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one)))})`;
