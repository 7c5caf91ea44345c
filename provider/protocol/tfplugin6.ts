/**
 * The messages of Terraform's plugin protocol 6.11 that a provider of resources, data sources, functions and ephemeral
 * resources exchanges: own declarations, compatible on the wire by their field numbers. List resources, actions and
 * state stores are left out; their calls are answered "unimplemented", and their fields are skipped when read.
 */
import { bool, bytes, embedded, int, mapOf, message, optional, repeated, text, type Decoded, type Encodable, type MessageType } from './protobuf.ts';

export const SEVERITY = { error: 1, warning: 2 } as const;
export const MARKDOWN = 1;
export const NESTING = { single: 1, list: 2, set: 3, map: 4 } as const;
export const DEFERRED_PROVIDER_CONFIG_UNKNOWN = 2;

export const dynamicValue = message({ msgpack: bytes(1), json: bytes(2) });
export const pathStep = message({ attribute: optional(text(1)), key: optional(text(2)), index: optional(int(3)) });
export const attributePath = message({ steps: repeated(1, () => pathStep) });
export const diagnostic = message({ severity: int(1), summary: text(2), detail: text(3), attribute: embedded(4, () => attributePath) });
const timestamp = message({ seconds: int(1), nanos: int(2) });
const rawState = message({ json: bytes(1) });
const identityData = message({ data: embedded(1, () => dynamicValue) });
const serverCapabilities = message({ planDestroy: bool(1), getProviderSchemaOptional: bool(2), moveResourceState: bool(3) });
const clientCapabilities = message({ deferralAllowed: bool(1), writeOnlyAttributesAllowed: bool(2) });
const deferred = message({ reason: int(1) });

/** Attributes contain objects and objects attributes, so their types are written out. */
interface SchemaAttributeFields<Nested> {
  name: string; type: Uint8Array; description: string; required: boolean; optional: boolean; computed: boolean; sensitive: boolean;
  descriptionKind: number; deprecated: boolean; nestedType: Nested; writeOnly: boolean; deprecationMessage: string;
}
export type SchemaAttribute = Partial<SchemaAttributeFields<SchemaObject | undefined>>;
export interface SchemaObject { attributes?: readonly SchemaAttribute[] | undefined; nesting?: number | undefined }
const schemaObject: MessageType<SchemaObject, SchemaObject> = message({ attributes: repeated(1, () => schemaAttribute), nesting: int(3) });
const schemaAttribute: MessageType<SchemaAttribute, SchemaAttribute> = message({
  name: text(1), type: bytes(2), description: text(3), required: bool(4), optional: bool(5), computed: bool(6), sensitive: bool(7),
  descriptionKind: int(8), deprecated: bool(9), nestedType: embedded(10, () => schemaObject), writeOnly: bool(11), deprecationMessage: text(12),
});
const schemaBlock = message({
  version: int(1), attributes: repeated(2, () => schemaAttribute), description: text(4), descriptionKind: int(5), deprecated: bool(6), deprecationMessage: text(7),
});
const schema = message({ version: int(1), block: embedded(2, () => schemaBlock) });
const identityAttribute = message({ name: text(1), type: bytes(2), requiredForImport: bool(3), optionalForImport: bool(4), description: text(5) });
const identitySchema = message({ version: int(1), attributes: repeated(2, () => identityAttribute) });
const functionParameter = message({ name: text(1), type: bytes(2), allowNullValue: bool(3), allowUnknownValues: bool(4), description: text(5), descriptionKind: int(6) });
const functionReturn = message({ type: bytes(1) });
const functionSignature = message({
  parameters: repeated(1, () => functionParameter), variadicParameter: embedded(2, () => functionParameter), return: embedded(3, () => functionReturn),
  summary: text(4), description: text(5), descriptionKind: int(6), deprecationMessage: text(7),
});
const functionError = message({ text: text(1), argument: optional(int(2)) });
const metadata = message({ typeName: text(1) });

const dynamic = (number: number) => embedded(number, () => dynamicValue);
const identity = (number: number) => embedded(number, () => identityData);
const diagnostics = (number: number) => repeated(number, () => diagnostic);
const capabilities = (number: number) => embedded(number, () => clientCapabilities);
const postponed = (number: number) => embedded(number, () => deferred);
const nothing = message({});

/** Every call that this provider can answer, with its request and response. The keys are the names on the wire. */
export const RPCS = {
  GetMetadata: {
    request: nothing,
    response: message({
      serverCapabilities: embedded(1, () => serverCapabilities), diagnostics: diagnostics(2), dataSources: repeated(3, () => metadata), resources: repeated(4, () => metadata),
      functions: repeated(5, () => metadata), ephemeralResources: repeated(6, () => metadata),
    }),
  },
  GetProviderSchema: {
    request: nothing,
    response: message({
      provider: embedded(1, () => schema), resourceSchemas: mapOf(2, () => schema), dataSourceSchemas: mapOf(3, () => schema), diagnostics: diagnostics(4),
      serverCapabilities: embedded(6, () => serverCapabilities), functions: mapOf(7, () => functionSignature), ephemeralResourceSchemas: mapOf(8, () => schema),
    }),
  },
  GetResourceIdentitySchemas: { request: nothing, response: message({ identitySchemas: mapOf(1, () => identitySchema), diagnostics: diagnostics(2) }) },
  ValidateProviderConfig: { request: message({ config: dynamic(1) }), response: message({ diagnostics: diagnostics(2) }) },
  ValidateResourceConfig: {
    request: message({ typeName: text(1), config: dynamic(2), clientCapabilities: capabilities(3) }), response: message({ diagnostics: diagnostics(1) }),
  },
  ValidateDataResourceConfig: { request: message({ typeName: text(1), config: dynamic(2) }), response: message({ diagnostics: diagnostics(1) }) },
  ValidateEphemeralResourceConfig: { request: message({ typeName: text(1), config: dynamic(2) }), response: message({ diagnostics: diagnostics(1) }) },
  ConfigureProvider: {
    request: message({ terraformVersion: text(1), config: dynamic(2), clientCapabilities: capabilities(3) }), response: message({ diagnostics: diagnostics(1) }),
  },
  UpgradeResourceState: {
    request: message({ typeName: text(1), version: int(2), rawState: embedded(3, () => rawState) }),
    response: message({ upgradedState: dynamic(1), diagnostics: diagnostics(2) }),
  },
  UpgradeResourceIdentity: {
    request: message({ typeName: text(1), version: int(2), rawIdentity: embedded(3, () => rawState) }),
    response: message({ upgradedIdentity: identity(1), diagnostics: diagnostics(2) }),
  },
  ReadResource: {
    request: message({ typeName: text(1), currentState: dynamic(2), private: bytes(3), clientCapabilities: capabilities(5), currentIdentity: identity(6) }),
    response: message({ newState: dynamic(1), diagnostics: diagnostics(2), private: bytes(3), deferred: postponed(4), newIdentity: identity(5) }),
  },
  PlanResourceChange: {
    request: message({
      typeName: text(1), priorState: dynamic(2), proposedNewState: dynamic(3), config: dynamic(4), priorPrivate: bytes(5), clientCapabilities: capabilities(7), priorIdentity: identity(8),
    }),
    response: message({
      plannedState: dynamic(1), requiresReplace: repeated(2, () => attributePath), plannedPrivate: bytes(3), diagnostics: diagnostics(4), deferred: postponed(6), plannedIdentity: identity(7),
    }),
  },
  ApplyResourceChange: {
    request: message({ typeName: text(1), priorState: dynamic(2), plannedState: dynamic(3), config: dynamic(4), plannedPrivate: bytes(5), plannedIdentity: identity(7) }),
    response: message({ newState: dynamic(1), private: bytes(2), diagnostics: diagnostics(3), newIdentity: identity(5) }),
  },
  ImportResourceState: {
    request: message({ typeName: text(1), id: text(2), clientCapabilities: capabilities(3), identity: identity(4) }),
    response: message({
      importedResources: repeated(1, () => message({ typeName: text(1), state: dynamic(2), private: bytes(3), identity: identity(4) })), diagnostics: diagnostics(2), deferred: postponed(3),
    }),
  },
  MoveResourceState: {
    request: message({ sourceProviderAddress: text(1), sourceTypeName: text(2), sourceSchemaVersion: int(3), sourceState: embedded(4, () => rawState), targetTypeName: text(5) }),
    response: message({ targetState: dynamic(1), diagnostics: diagnostics(2), targetPrivate: bytes(3), targetIdentity: identity(4) }),
  },
  ReadDataSource: {
    request: message({ typeName: text(1), config: dynamic(2), clientCapabilities: capabilities(4) }),
    response: message({ state: dynamic(1), diagnostics: diagnostics(2), deferred: postponed(3) }),
  },
  OpenEphemeralResource: {
    request: message({ typeName: text(1), config: dynamic(2), clientCapabilities: capabilities(3) }),
    response: message({ diagnostics: diagnostics(1), renewAt: embedded(2, () => timestamp), result: dynamic(3), private: optional(bytes(4)), deferred: postponed(5) }),
  },
  RenewEphemeralResource: {
    request: message({ typeName: text(1), private: optional(bytes(2)) }),
    response: message({ diagnostics: diagnostics(1), renewAt: embedded(2, () => timestamp), private: optional(bytes(3)) }),
  },
  CloseEphemeralResource: { request: message({ typeName: text(1), private: optional(bytes(2)) }), response: message({ diagnostics: diagnostics(1) }) },
  GetFunctions: { request: nothing, response: message({ functions: mapOf(1, () => functionSignature), diagnostics: diagnostics(2) }) },
  CallFunction: {
    request: message({ name: text(1), arguments: repeated(2, () => dynamicValue) }),
    response: message({ result: dynamic(1), error: embedded(2, () => functionError) }),
  },
  StopProvider: { request: nothing, response: message({ Error: text(1) }) },
} as const;

export type RpcName = keyof typeof RPCS;
export type Request<N extends RpcName> = Decoded<(typeof RPCS)[N]['request']>;
export type Response<N extends RpcName> = Encodable<(typeof RPCS)[N]['response']>;
export type ReceivedResponse<N extends RpcName> = Decoded<(typeof RPCS)[N]['response']>;
export type SentRequest<N extends RpcName> = Encodable<(typeof RPCS)[N]['request']>;
export type DynamicValue = Encodable<typeof dynamicValue>;
export type Diagnostic = Encodable<typeof diagnostic>;
export type AttributePath = Encodable<typeof attributePath>;
export type FunctionSignature = Encodable<typeof functionSignature>;
export type SchemaMessage = Encodable<typeof schema>;
export type IdentitySchemaMessage = Encodable<typeof identitySchema>;
export type IdentityMessage = Encodable<typeof identityData>;

/** What `serve` needs of a provider: one function per call. A call without one is answered "unimplemented". */
export type ProviderCalls = { [N in RpcName]?: (request: Request<N>, signal: AbortSignal) => Promise<Response<N>> | Response<N> };
