/**
 * State files keep values as JSON, and hand them over raw for upgrades, moves and identities. Numbers must survive
 * exactly, so `JSON.parse` may not touch them; its reviver with source access gives every literal as it was written.
 */
import { parseNumber } from './number.ts';
import { Dynamic, isObject, objectOf, type Value, type ValueType } from './value.ts';

/** Reads JSON with every number exact and every object without a prototype. @throws SyntaxError */
export function parseStateJson(text: string): Value {
  // `context.source` is the literal as written (ES2026, in Node since 22); TypeScript's library does not know it yet.
  const reviver = (_name: string, value: Value, context?: { source?: string }): Value => {
    if (typeof value === 'number') return parseNumber(context?.source ?? String(value));
    return isObject(value) ? objectOf(Object.entries(value)) : value;
  };
  return JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown) as Value;
}

/** Shapes raw JSON to a type: absent attributes become null, attributes the type does not have are dropped. @throws TypeError */
export function conformToType(value: Value | undefined, type: ValueType, at = ''): Value {
  if (value === null || value === undefined) return null;
  const wrong = (): TypeError => new TypeError(`${at || 'state'}: ${typeof type === 'string' ? type : type[0]} expected, got ${JSON.stringify(value)?.slice(0, 60)}`);
  if (type === 'dynamic') {
    if (!isObject(value)) throw wrong();
    const inner = value['type'] as unknown as ValueType;
    return new Dynamic(inner, conformToType(value['value'], inner, at));
  }
  if (typeof type === 'string') return conformPrimitive(value, type, wrong);
  switch (type[0]) {
    case 'list': case 'set': {
      if (!Array.isArray(value)) throw wrong();
      return value.map((one, index) => conformToType(one, type[1], `${at}[${index}]`));
    }
    case 'tuple': {
      if (!Array.isArray(value) || value.length !== type[1].length) throw wrong();
      return type[1].map((inner, index) => conformToType(value[index], inner, `${at}[${index}]`));
    }
    case 'map': {
      if (!isObject(value)) throw wrong();
      return objectOf(Object.entries(value).map(([name, one]) => [name, conformToType(one, type[1], `${at}["${name}"]`)]));
    }
    case 'object': {
      if (!isObject(value)) throw wrong();
      return objectOf(Object.entries(type[1]).map(([name, inner]) => [name, conformToType(value[name], inner, at === '' ? name : `${at}.${name}`)]));
    }
  }
}

// Terraform writes "5" where a schema said string and a later one says number, and the other way round.
function conformPrimitive(value: Value, type: 'string' | 'number' | 'bool', wrong: () => TypeError): Value {
  if (type === 'bool') {
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    throw wrong();
  }
  if (isObject(value) || Array.isArray(value) || value instanceof Dynamic) throw wrong();
  if (type === 'string') return typeof value === 'string' ? value : String(value);
  if (typeof value === 'boolean') throw wrong();
  return typeof value === 'string' ? parseNumber(value) : value;
}
