/**
 * Typed values to and from bytes: MessagePack on the wire, JSON in state files. The type decides how a token is read.
 * Every attribute is present on the wire, absent ones as nil; refinements of unknown values are dropped, because sending
 * one back would be a promise.
 */
import { MsgpackReader, MsgpackWriter } from './msgpack.ts';
import { Dynamic, isNumeric, isObject, objectOf, Unknown, UNKNOWN, type Value, type ValueType } from './value.ts';

/** @throws TypeError or RangeError naming the attribute when the bytes do not fit the type. */
export function decodeValue(bytes: Uint8Array, type: ValueType): Value {
  const reader = new MsgpackReader(bytes);
  const value = read(reader, type, '');
  if (reader.remaining > 0) throw new RangeError('bytes are left over after the value');
  return value;
}

function read(reader: MsgpackReader, type: ValueType, at: string): Value {
  if (reader.takeExtension()) return UNKNOWN;
  if (reader.takeNil()) return null;
  if (typeof type === 'string') {
    if (type === 'dynamic') return readDynamic(reader, at);
    return located(at, () => (type === 'string' ? reader.string() : type === 'bool' ? reader.bool() : reader.number()));
  }
  switch (type[0]) {
    case 'list': case 'set': return Array.from({ length: located(at, () => bounded(reader.arrayLength(), reader)) }, (_, index) => read(reader, type[1], `${at}[${index}]`));
    case 'tuple': {
      const length = located(at, () => reader.arrayLength());
      if (length !== type[1].length) throw new TypeError(`${at || 'value'}: ${length} elements in a tuple of ${type[1].length}`);
      return type[1].map((inner, index) => read(reader, inner, `${at}[${index}]`));
    }
    case 'map': return readEntries(reader, at, (name) => read(reader, type[1], `${at}["${name}"]`));
    case 'object': {
      const seen = readEntries(reader, at, (name) => {
        const inner = Object.hasOwn(type[1], name) ? type[1][name] : undefined;
        if (inner === undefined) throw new TypeError(`${at || 'value'}: there is no attribute "${name}"`);
        return read(reader, inner, at === '' ? name : `${at}.${name}`);
      });
      return objectOf(Object.keys(type[1]).map((name) => [name, seen[name] ?? null]));
    }
  }
}

function readEntries(reader: MsgpackReader, at: string, value: (name: string) => Value) {
  const length = located(at, () => bounded(reader.mapLength(), reader));
  const entries: [string, Value][] = [];
  for (let index = 0; index < length; index += 1) {
    const name = located(at, () => reader.string());
    entries.push([name, value(name)]);
  }
  return objectOf(entries);
}

function readDynamic(reader: MsgpackReader, at: string): Dynamic {
  if (reader.arrayLength() !== 2) throw new TypeError(`${at || 'value'}: a dynamic value needs a type and a value`);
  const type = JSON.parse(reader.binary().toString('utf8')) as ValueType;
  return new Dynamic(type, read(reader, type, at));
}

// Each element takes at least a byte: a forged length must not make room for thousands of millions of them.
function bounded(length: number, reader: MsgpackReader): number {
  if (length > reader.remaining) throw new RangeError(`${length} elements are more than the bytes that follow`);
  return length;
}

function located<T>(at: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (at === '' || !(error instanceof Error)) throw error;
    throw new TypeError(`${at}: ${error.message}`, { cause: error });
  }
}

/** @throws TypeError naming the attribute when the value does not fit the type, RangeError for NaN. */
export function encodeValue(value: Value | undefined, type: ValueType): Buffer {
  const writer = new MsgpackWriter();
  write(writer, value, type, '');
  return writer.finish();
}

function write(writer: MsgpackWriter, value: Value | undefined, type: ValueType, at: string): void {
  if (value === null || value === undefined) return writer.nil();
  if (value instanceof Unknown) return writer.unknown();
  if (type === 'string' && typeof value === 'string') return writer.string(value);
  if (type === 'bool' && typeof value === 'boolean') return writer.bool(value);
  if (type === 'number' && isNumeric(value)) return located(at, () => writer.number(value));
  if (type === 'dynamic' && value instanceof Dynamic) {
    writer.arrayLength(2);
    writer.binary(Buffer.from(JSON.stringify(value.type)));
    return write(writer, value.value, value.type, at);
  }
  if (typeof type !== 'string') {
    if (type[0] === 'map' && isObject(value)) {
      const names = Object.keys(value);
      writer.mapLength(names.length);
      for (const name of names) {
        writer.string(name);
        write(writer, value[name], type[1], `${at}["${name}"]`);
      }
      return;
    }
    if (type[0] === 'object' && isObject(value)) {
      const stranger = Object.keys(value).find((name) => !Object.hasOwn(type[1], name));
      if (stranger !== undefined) throw new TypeError(`${at || 'value'}: there is no attribute "${stranger}"`);
      const names = Object.keys(type[1]);
      writer.mapLength(names.length);
      for (const name of names) {
        writer.string(name);
        write(writer, value[name], type[1][name] ?? 'dynamic', at === '' ? name : `${at}.${name}`);
      }
      return;
    }
    if (Array.isArray(value) && (type[0] === 'list' || type[0] === 'set' || type[0] === 'tuple')) {
      if (type[0] === 'tuple' && type[1].length !== value.length) throw new TypeError(`${at || 'value'}: ${value.length} elements in a tuple of ${type[1].length}`);
      writer.arrayLength(value.length);
      value.forEach((one, index) => { write(writer, one, type[0] === 'tuple' ? type[1][index] ?? 'dynamic' : type[1], `${at}[${index}]`); });
      return;
    }
  }
  throw new TypeError(`${at || 'value'}: ${typeof type === 'string' ? type : type[0]} expected, got ${Array.isArray(value) ? 'a list' : typeof value}`);
}
