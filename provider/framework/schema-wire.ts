/**
 * Definitions in the form Terraform asks for them, and the check that they make sense to it. Runs once per process.
 */
import { MARKDOWN, NESTING, type FunctionSignature, type IdentitySchemaMessage, type SchemaAttribute, type SchemaMessage } from '../protocol/tfplugin6.ts';
import type { ValueType } from '../protocol/value.ts';
import type { Attributes, AttributeSpec } from './attribute.ts';
import type { AnyFunction, FunctionParameter, IdentityAttributes } from './definition.ts';

const json = (type: ValueType): Buffer => Buffer.from(JSON.stringify(type));

function attributeToWire(name: string, spec: AttributeSpec): SchemaAttribute {
  const { presence, nested } = spec;
  return {
    name, description: spec.description, descriptionKind: MARKDOWN,
    required: presence === 'required',
    optional: presence === 'optional' || presence === 'defaulted' || presence === 'optionalComputed',
    computed: presence === 'computed' || presence === 'defaulted' || presence === 'optionalComputed',
    sensitive: spec.sensitive, writeOnly: spec.writeOnly,
    deprecated: spec.deprecated !== undefined, deprecationMessage: spec.deprecated ?? '',
    ...(nested === undefined ? { type: json(spec.type) } : { nestedType: { nesting: NESTING[nested.nesting], attributes: attributesToWire(nested.attributes) } }),
  };
}
const attributesToWire = (attributes: Attributes): SchemaAttribute[] => Object.entries(attributes).map(([name, { spec }]) => attributeToWire(name, spec));

export function schemaToWire(attributes: Attributes, description: string, version = 0): SchemaMessage {
  return { version, block: { version, attributes: attributesToWire(attributes), description, descriptionKind: MARKDOWN } };
}

export function identityToWire(attributes: IdentityAttributes, version = 0): IdentitySchemaMessage {
  return {
    version,
    attributes: Object.entries(attributes).map(([name, { type, description, optionalForImport = false }]) => ({
      name, type: json(type), description, optionalForImport, requiredForImport: !optionalForImport,
    })),
  };
}

/** The type of identity data. */
export const identityType = (attributes: IdentityAttributes): ValueType => ['object', Object.fromEntries(Object.entries(attributes).map(([name, { type }]) => [name, type]))];

export function functionToWire(definition: AnyFunction): FunctionSignature {
  const parameter = ({ name, type, description, allowNull = false }: FunctionParameter) => ({
    name, type: json(type.spec.type), description, descriptionKind: MARKDOWN, allowNullValue: allowNull, allowUnknownValues: false,
  });
  return {
    parameters: definition.parameters.map(parameter), variadicParameter: definition.variadic && parameter(definition.variadic),
    return: { type: json(definition.returns.spec.type) }, summary: definition.summary, description: definition.description, descriptionKind: MARKDOWN,
  };
}

// Terraform keeps these names in a resource block for itself.
const RESERVED = new Set(['count', 'for_each', 'depends_on', 'lifecycle', 'provider', 'provisioner', 'connection']);

/** @throws TypeError naming the first attribute that Terraform would refuse or misread. */
export function checkSchema(owner: string, attributes: Attributes, inSet = false, top = true): void {
  for (const [name, { spec }] of Object.entries(attributes)) {
    const at = `${owner}.${name}`;
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`${at}: names are lower-case letters, digits and underscores`);
    if (top && RESERVED.has(name)) throw new TypeError(`${at}: Terraform keeps this name for itself`);
    if (spec.writeOnly && (inSet || spec.presence === 'computed' || spec.presence === 'optionalComputed' || spec.presence === 'defaulted')) {
      throw new TypeError(`${at}: a write-only attribute is required or optional, and not in a set`);
    }
    if (spec.timeouts !== undefined && (name !== 'timeouts' || !top)) throw new TypeError(`${at}: timeouts() belongs to the attribute "timeouts"`);
    if (typeof spec.type !== 'string' && spec.nested === undefined && JSON.stringify(spec.type).includes('"dynamic"')) throw new TypeError(`${at}: a collection cannot have dynamic elements`);
    if (spec.nested !== undefined) checkSchema(at, spec.nested.attributes, inSet || spec.nested.nesting === 'set', false);
  }
}
