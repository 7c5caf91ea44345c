/**
 * Reads fields of a JSON value that a person wrote, and names the key of the first one that is wrong. It knows no
 * field of its own; node-file.ts does.
 */
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';

/** A value and where it stands: `pools[0].name`. */
export interface Field {
  readonly at: string;
  readonly value: unknown;
}

export const wrong = (at: string, message: string, hint?: string): HoldfastError =>
  new HoldfastError('invalid_argument', `${at}: ${message}`, { object: 'node.json', field: at, ...(hint === undefined ? {} : { hint }) });

const shown = (value: unknown): string => clip(JSON.stringify(value) ?? 'nothing');
const below = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`);

/** The fields of an object that has no other keys than these. */
export function fieldsOf<K extends string>({ at, value }: Field, known: readonly K[]): { readonly [key in K]: Field } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(at === '' ? 'node.json' : at, `${shown(value)} is not an object`, `With some of the keys ${known.join(', ')}.`);
  const given = value as Readonly<Record<string, unknown>>;
  const extra = Object.keys(given).find((key) => !known.some((one) => one === key));
  if (extra !== undefined) throw wrong(below(at, extra), 'is not a key that is known here', `The keys are: ${known.join(', ')}.`);
  return Object.fromEntries(known.map((key) => [key, { at: below(at, key), value: given[key] }])) as { [key in K]: Field };
}

export const isGiven = ({ value }: Field): boolean => value !== undefined;

/** What `read` makes of it; undefined when it is not there. */
export const optional = <T>(field: Field, read: (field: Field) => T): T | undefined => (isGiven(field) ? read(field) : undefined);

export function textOf({ at, value }: Field): string {
  if (value === undefined) throw wrong(at, 'is missing');
  if (typeof value !== 'string') throw wrong(at, `${shown(value)} is not a text`);
  if (value === '') throw wrong(at, 'is empty');
  return value;
}

export function oneOf<const V extends string>(field: Field, values: readonly V[]): V {
  const text = textOf(field);
  const found = values.find((one) => one === text);
  if (found === undefined) throw wrong(field.at, `${shown(text)} is not one of ${values.join(', ')}`);
  return found;
}

export function booleanOf({ at, value }: Field): boolean {
  if (typeof value !== 'boolean') throw wrong(at, `${shown(value)} is neither true nor false`);
  return value;
}

export function numberOf({ at, value }: Field, least: number, most: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) throw wrong(at, `${shown(value)} is not a number from ${least} to ${most}`);
  return value;
}

export function listOf<T>({ at, value }: Field, read: (field: Field) => T): readonly T[] {
  if (!Array.isArray(value)) throw wrong(at, `${shown(value)} is not a list`);
  return value.map((one: unknown, index) => read({ at: `${at}[${index}]`, value: one }));
}

/** A list that is not empty and names nothing twice. */
export function distinct<T>(field: Field, read: (field: Field) => T, of: (one: T) => string = String): readonly T[] {
  const all = listOf(field, read);
  if (all.length === 0) throw wrong(field.at, 'is empty');
  const twice = all.map(of).find((one, index, names) => names.indexOf(one) !== index);
  if (twice !== undefined) throw wrong(field.at, `${shown(twice)} is named twice`);
  return all;
}

/** @throws the error of `check`, at this field. */
export function refined<T>(field: Field, value: T, check: (value: T) => unknown): T {
  try {
    check(value);
  } catch (thrown) {
    if (thrown instanceof HoldfastError) throw new HoldfastError('invalid_argument', `${field.at}: ${thrown.message.replace(/^[a-z]+: /, '')}`, { ...thrown.detail, object: 'node.json', field: field.at }, { cause: thrown });
    throw thrown;
  }
  return value;
}
