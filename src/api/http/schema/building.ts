/**
 * The few shapes that every schema of the API is built from. A schema with an `$id` becomes an entry of
 * `components.schemas` in the OpenAPI document and is referred to by `ref`, so the document names each noun once and
 * validation and documentation cannot differ. It knows no noun.
 */
import { Type, type Static, type TObject, type TProperties, type TSchema } from 'typebox';

/** Properties that say what a value means, its unit, range and default, and give an example. */
export interface Words {
  readonly description: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
}

const known = new Map<string, TSchema>();

/** Enters the schema under its name. Names are the ones that users of the OpenAPI document see. */
export function named<T extends TSchema>(name: string, schema: T): T {
  if (known.has(name)) throw new Error(`two schemas are named ${name}`);
  const withId = { ...schema, $id: name } as T;
  known.set(name, withId);
  return withId;
}

/** Every named schema, in the order in which they were named. */
export const namedSchemas = (): ReadonlyMap<string, TSchema> => known;

/** A reference to a named schema, typed as what it refers to. */
export function ref<T extends TSchema>(schema: T, words: Partial<Words> = {}) {
  const name = (schema as { $id?: string }).$id;
  if (name === undefined) throw new Error('only a named schema can be referred to');
  return Type.Unsafe<Static<T>>({ $ref: `${name}#`, ...words });
}

/** What is sent to us: fields that are not listed are refused. */
export const request = <P extends TProperties>(properties: P, words: Words): TObject<P> =>
  Type.Object(properties, { additionalProperties: false, ...words });

/** What we send: later versions may add fields. */
export const answer = <P extends TProperties>(properties: P, words: Words): TObject<P> => Type.Object(properties, { ...words });

export const text = (description: string, more: object = {}) => Type.String({ description, ...more });
export const flag = (description: string, more: object = {}) => Type.Boolean({ description, ...more });
export const choice = <const V extends readonly string[]>(values: V, description: string, more: object = {}) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], description, ...more });
export const orNull = <T extends TSchema>(schema: T, description: string) =>
  Type.Unsafe<Static<T> | null>({ anyOf: [schema, { type: 'null' }], description });

/** Sizes go up to what JSON numbers hold exactly. */
export const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
export const bytes = (description: string, more: object = {}) =>
  Type.Integer({ minimum: 0, maximum: MAX_INTEGER, description: `${description} In bytes.`, ...more });
export const millis = (description: string, more: object = {}) =>
  Type.Integer({ minimum: 0, maximum: MAX_INTEGER, description: `${description} In milliseconds.`, ...more });
export const count = (description: string, more: object = {}) =>
  Type.Integer({ minimum: 0, maximum: MAX_INTEGER, description, ...more });
export const time = (description: string) => Type.String({ description: `${description} ISO 8601, UTC.`, examples: ['2026-11-22T19:30:00.000Z'] });

export const NAME_PATTERN = '^[a-z0-9][a-z0-9._-]{0,62}$';
export const nameText = (noun: string, more: object = {}) =>
  Type.String({ pattern: NAME_PATTERN, description: `Name of the ${noun}: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.`, ...more });
/** An id or a name, to find something that exists. */
export const reference = (noun: string, more: object = {}) =>
  Type.String({ minLength: 1, maxLength: 512, description: `Id or name of the ${noun}.`, ...more });
export const owner = (more: object = {}) =>
  Type.String({ maxLength: 255, description: 'Who manages the object, such as the `owner` of a Terraform configuration. At most 255 characters; default "".', default: '', ...more });
export const className = (more: object = {}) =>
  Type.String({ pattern: NAME_PATTERN, description: 'Class of pool, as a name. `any` is every class.', default: 'any', examples: ['fast'], ...more });
export const absolutePath = (description: string, more: object = {}) =>
  Type.String({ pattern: '^/[^\\u0000]*$', maxLength: 4096, description: `${description} An absolute path, at most 4096 characters.`, ...more });
