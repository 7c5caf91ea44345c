/**
 * Validation by the schemas of the document, with the TypeBox compiler: nothing is dropped, coerced or filled in.
 * Query parameters come as text and are read by their declared type first. Says what is wrong in words for people;
 * throws nothing: gives fastify the value or a HoldfastError.
 */
import type { FastifySchemaCompiler } from 'fastify';
import { Compile, type Validator } from 'typebox/compile';
import type { TSchema } from 'typebox';
import { clip } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';
import { namedSchemas } from './schema/building.ts';
import { faultOf, type Schema } from './fault.ts';

let named: Record<string, TSchema> | undefined;
/** What `$ref` can name. */
const contextOf = (): Record<string, TSchema> => (named ??= Object.fromEntries([...namedSchemas()].map(([name, schema]) => [`${name}#`, schema])));

type Result = { readonly value: unknown } | { readonly error: HoldfastError };
const wrong = (message: string, field: string, hint?: string): Result => ({ error: new HoldfastError('invalid_argument', message, { field, ...(hint === undefined ? {} : { hint }) }) });

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const context = contextOf();
  // Compiled when first asked for: most routes are asked for seldom, and the daemon starts at once.
  let compiled: Validator | undefined;
  const resolve = (node: Schema): Schema => (node.$ref === undefined ? node : { ...(context[node.$ref] as Schema), ...node });

  const check = (value: unknown): Result => {
    const validator = (compiled ??= Compile(context, schema));
    if (validator.Check(value)) return { value };
    return { error: faultOf(validator.Errors(value), resolve(schema), resolve, value, httpPart ?? 'body') };
  };
  if (httpPart === 'querystring') {
    return (query: Record<string, unknown>) => {
      const read = readQuery(query, schema);
      return 'error' in read ? read : check(read.value);
    };
  }
  // A request without a body is a request with an empty one: then its first required field is what is missing.
  return (value: unknown) => check(value ?? {});
};

/** Query parameters by their declared types. Unknown ones and repeated ones (where one is meant) are refused. */
function readQuery(query: Record<string, unknown>, schema: Schema): Result {
  const properties = schema.properties ?? {};
  const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, given] of Object.entries(query)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const known = Object.keys(properties);
    if (property === undefined) {
      return wrong(`unknown query parameter "${clip(name)}"`, clip(name), known.length === 0 ? 'It takes none.' : `It takes ${known.join(', ')}.`);
    }
    const texts = (Array.isArray(given) ? given : [given]).map(String);
    if (property.type === 'array') { value[name] = texts; continue; }
    const text = texts[0] ?? '';
    if (texts.length > 1) return wrong(`query parameter ${name} is given ${texts.length} times`, name, 'Give it once.');
    if (property.type === 'integer') {
      if (!/^\d{1,16}$/.test(text)) return wrong(`${name}: "${clip(text)}" is not a whole number`, name, property.description);
      value[name] = Number(text);
    } else if (property.type === 'boolean') {
      if (text !== 'true' && text !== 'false') return wrong(`${name}: "${clip(text)}" is neither true nor false`, name, property.description);
      value[name] = text === 'true';
    } else {
      value[name] = text;
    }
  }
  return { value };
}
