/** Turns what the schema compiler found into one error that a person understands: field, fault, way out. */
import type { TLocalizedValidationError } from 'typebox/error';
import { clip, formatBytes, parseSize } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';
import { checkName } from '../../model/name.ts';
import { NAME_PATTERN } from './schema/building.ts';

/** What is read of a JSON schema here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

const PART: Record<string, string> = { body: 'the body', params: 'the path', querystring: 'the query', headers: 'the headers' };

/** @param errors not empty. @param schema of the whole. @param resolve follows a `$ref`. @param part of the request. */
export function faultOf(errors: readonly TLocalizedValidationError[], schema: Schema, resolve: (node: Schema) => Schema, value: unknown, part: string): HoldfastError {
  // A field that does not exist explains the others best: it is most often a misspelt one that is then missing.
  const strays = errors.filter((error) => error.keyword === 'additionalProperties' && at(schema, resolve, error.instancePath)?.additionalProperties === false);
  const rest = errors.filter((error) => error.keyword !== 'additionalProperties' && error.keyword !== 'boolean');
  const error = strays[0] ?? rest[0] ?? errors[0];
  const whole = PART[part] ?? 'the request';
  if (error === undefined) return refuse(`${whole} is not as described`, '');
  const path = pathOf(error.instancePath);
  const field = path.join('.');
  const node = at(schema, resolve, error.instancePath);
  const given = valueAt(value, path);
  const name = field === '' ? whole : field;
  const hint = node?.description;

  switch (error.keyword) {
    case 'additionalProperties': return unknownField(error.params.additionalProperties, Object.keys(node?.properties ?? {}), field);
    case 'required': return missing(error.params.requiredProperties[0] ?? '', node, resolve, field);
    case 'type': return wrongType(name, field, String(error.params.type), given, hint);
    case 'enum': {
      const values = (node?.enum ?? []).map(String).join(', ');
      return refuse(`${name}: ${shown(given)} is not one of ${values}`, field, `Use one of ${values}.`);
    }
    case 'pattern':
      if (typeof given === 'string' && node?.pattern === NAME_PATTERN) return nameFault(field, given);
      if (typeof given === 'string' && node?.pattern?.startsWith('^/') === true) return refuse(`${name}: ${shown(given)} is not an absolute path`, field, 'A path begins with "/" and holds no NUL.');
      return refuse(`${name}: ${shown(given)} is not written as it should be`, field, hint);
    case 'minimum': return refuse(`${name} must be at least ${amount(field, error.params.limit)}, not ${amount(field, given)}`, field, hint);
    case 'maximum': return refuse(`${name} must be at most ${amount(field, error.params.limit)}, not ${amount(field, given)}`, field, hint);
    case 'minLength': return refuse(error.params.limit === 1 ? `${name} is empty` : `${name} must have at least ${error.params.limit} characters`, field, hint);
    case 'maxLength': return refuse(`${name} has ${String(given).length} characters, ${error.params.limit} are allowed`, field, hint);
    case 'maxItems': return refuse(`${name} has ${Array.isArray(given) ? given.length : 'too many'} entries, ${error.params.limit} are allowed`, field, hint);
    case 'maxProperties': return refuse(`${name} has ${Object.keys(given ?? {}).length} entries, ${error.params.limit} are allowed`, field, hint);
    default: return refuse(`${name} is not as it should be: ${error.message}`, field, hint);
  }
}

const refuse = (message: string, field: string, hint?: string): HoldfastError =>
  new HoldfastError('invalid_argument', message, { ...(field === '' ? {} : { field: clip(field) }), ...(hint === undefined ? {} : { hint }) });

function unknownField(strays: readonly string[], known: readonly string[], parent: string): HoldfastError {
  const stray = strays[0] ?? '';
  const field = parent === '' ? stray : `${parent}.${stray}`;
  const close = (name: string): boolean => (stray.length > 2 && name.startsWith(stray)) || distance(name, stray) <= Math.max(2, Math.floor(name.length / 3));
  const near = known.filter(close).sort((a, b) => distance(a, stray) - distance(b, stray))[0];
  const list = `The fields are ${known.join(', ')}.`;
  return refuse(`unknown field "${clip(field)}"`, field, near === undefined ? list : `Did you mean "${near}"? ${list}`);
}

function missing(name: string, node: Schema | undefined, resolve: (node: Schema) => Schema, parent: string): HoldfastError {
  const property = node?.properties?.[name];
  const field = parent === '' ? name : `${parent}.${name}`;
  return refuse(`${field} is missing`, field, property === undefined ? undefined : resolve(property).description);
}

const TYPE: Record<string, string> = { integer: 'a whole number', number: 'a number', string: 'a text', boolean: 'true or false', object: 'an object', array: 'a list', null: 'null' };

function wrongType(name: string, field: string, type: string, given: unknown, description: string | undefined): HoldfastError {
  let hint = description;
  if (typeof given === 'string' && field.endsWith('_bytes')) {
    try { hint = `Sizes are numbers of bytes here: write ${parseSize(given)} for ${clip(given)}.`; } catch { /* not a size either */ }
  }
  return refuse(`${name} must be ${TYPE[type] ?? type}, not ${shown(given)}`, field, hint);
}

function nameFault(field: string, given: string): HoldfastError {
  try {
    checkName(field === 'name' ? 'new object' : field, given, field);
  } catch (thrown) {
    if (thrown instanceof HoldfastError) return new HoldfastError(thrown.code, thrown.message.replace('a name for a new object', 'a name'), { field, ...(thrown.detail.hint === undefined ? {} : { hint: thrown.detail.hint }) });
  }
  return refuse(`${field}: ${shown(given)} is not a name`, field);
}

/** A foreign value in a message: short, printable, never walked into. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(clip(value)).replace(/[^\x20-\x7e…]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value);
}

const amount = (field: string, value: unknown): string =>
  typeof value === 'number' && field.endsWith('_bytes') && value >= 1024 ? `${value} (${formatBytes(value)})` : shown(value);

/** Property names on the way to the fault, of a JSON pointer. */
const pathOf = (pointer: string): string[] => pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function at(schema: Schema, resolve: (node: Schema) => Schema, pointer: string): Schema | undefined {
  let node: Schema | undefined = resolve(schema);
  for (const key of pathOf(pointer)) {
    const next: Schema | undefined = node.properties !== undefined && Object.hasOwn(node.properties, key) ? node.properties[key] : node.items ?? (typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined);
    if (next === undefined) return undefined;
    node = resolve(next);
  }
  return node;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

/** Number of single edits between two short words; long ones are far apart by definition. */
function distance(a: string, b: string): number {
  if (b.length > 64) return b.length;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
