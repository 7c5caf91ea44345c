/**
 * A provider's definition as the calls of the plugin protocol: sends each call to its resource, and answers the ones
 * about the provider itself, data sources, functions and ephemeral resources. Owns no process and no socket.
 */
import { log } from '../protocol/log.ts';
import { DEFERRED_PROVIDER_CONFIG_UNKNOWN, type DynamicValue, type ProviderCalls, type Response } from '../protocol/tfplugin6.ts';
import { objectOf, UNKNOWN, type Value, type ValueObject } from '../protocol/value.ts';
import { objectType, type Attributes } from './attribute.ts';
import { missingValues } from './consistency.ts';
import { FunctionError, NotConfigured, type AnyDataSource, type AnyEphemeral, type AnyFunction, type AnyProvider, type ResourceContext } from './definition.ts';
import { Diagnostics, ProviderError } from './diagnostics.ts';
import { validateAttributes } from './plan.ts';
import { ResourceCalls } from './resource-calls.ts';
import { checkSchema, functionToWire, identityToWire, schemaToWire } from './schema-wire.ts';
import { deadlineOf, fromWire, isStrict, objectFromWire, privateFromWire, privateToWire, Session, toWire, type Operation } from './session.ts';

type Typed = never; // see resource-calls.ts
const CAPABILITIES = { planDestroy: true, getProviderSchemaOptional: true, moveResourceState: true };

export interface ProviderServer { readonly calls: ProviderCalls; readonly stop: (reason: string) => void }

/** @throws TypeError when a definition is one that Terraform would refuse: names, reserved words, impossible combinations. */
export function createServer(definition: AnyProvider): ProviderServer {
  const session = new Session(definition);
  const prefixed = <D extends { readonly name: string; readonly attributes: Attributes }, R>(list: readonly D[] | undefined, make: (one: D) => R): Map<string, R> => {
    const made = new Map((list ?? []).map((one) => {
      const name = `${definition.name}_${one.name}`;
      checkSchema(name, one.attributes);
      return [name, make(one)] as const;
    }));
    if (made.size !== (list ?? []).length) throw new TypeError(`two definitions of ${definition.name} have one name`);
    return made;
  };
  checkSchema(definition.name, definition.attributes);
  const resources = prefixed(definition.resources, (one) => new ResourceCalls(one, session));
  const dataSources = prefixed(definition.dataSources, (one) => one);
  const ephemerals = prefixed(definition.ephemerals, (one) => one);
  const functions = new Map((definition.functions ?? []).map((one) => [one.name, one]));
  const resource = (name: string): ResourceCalls => known(resources, name);

  const calls: ProviderCalls = {
    GetMetadata: () => ({
      serverCapabilities: CAPABILITIES, resources: typeNames(resources), dataSources: typeNames(dataSources), ephemeralResources: typeNames(ephemerals), functions: typeNames(functions),
    }),
    GetProviderSchema: () => ({
      serverCapabilities: CAPABILITIES,
      provider: schemaToWire(definition.attributes, definition.description),
      resourceSchemas: table(resources, ({ definition: { attributes, description, version } }) => schemaToWire(attributes, description, version)),
      dataSourceSchemas: table(dataSources, ({ attributes, description }) => schemaToWire(attributes, description)),
      ephemeralResourceSchemas: table(ephemerals, ({ attributes, description }) => schemaToWire(attributes, description)),
      functions: table(functions, functionToWire),
    }),
    GetResourceIdentitySchemas: () => ({
      identitySchemas: Object.fromEntries([...resources].flatMap(([name, { definition: { identity } }]) => (identity === undefined ? [] : [[name, identityToWire(identity.attributes, identity.version)]]))),
    }),
    GetFunctions: () => ({ functions: table(functions, functionToWire) }),

    ValidateProviderConfig: ({ config }, signal) => validated(session, definition, config, { what: 'validating the provider configuration', call: signal }),
    ConfigureProvider: async ({ config, terraformVersion }, signal) => {
      const diagnostics = new Diagnostics();
      const operation = { what: 'configuring the provider', call: signal };
      await session.attempt(operation, diagnostics, async () => {
        const value = objectFromWire(config, objectType(definition.attributes)) ?? {};
        const { error, warn } = session.planContext(operation, diagnostics, {});
        session.client = await definition.configure(value, { terraformVersion, signal: session.stopSignal, log, error, warn });
      });
      const missing = session.notConfigured;
      if (missing instanceof NotConfigured && !diagnostics.failed) diagnostics.warn('Provider configuration is not known yet', missing.reason);
      return { diagnostics: diagnostics.toWire() };
    },

    ValidateResourceConfig: (request, signal) => resource(request.typeName).validate(request, signal),
    UpgradeResourceState: (request, signal) => resource(request.typeName).upgrade(request, signal),
    UpgradeResourceIdentity: (request, signal) => resource(request.typeName).upgradeIdentity(request, signal),
    ImportResourceState: (request, signal) => resource(request.typeName).import(request, signal),
    MoveResourceState: (request, signal) => resource(request.targetTypeName).move(request, signal),
    ReadResource: (request, signal) => resource(request.typeName).read(request, signal),
    PlanResourceChange: (request, signal) => resource(request.typeName).plan(request, signal),
    ApplyResourceChange: (request, signal) => resource(request.typeName).apply(request, signal),

    ValidateDataResourceConfig: ({ typeName, config }, signal) => validated(session, known(dataSources, typeName), config, { what: `validating data.${typeName}`, call: signal }),
    ReadDataSource: async ({ typeName, config, clientCapabilities }, signal) => readDataSource(session, known(dataSources, typeName), config, { deferralAllowed: clientCapabilities?.deferralAllowed === true, typeName, call: signal }),

    ValidateEphemeralResourceConfig: ({ typeName, config }, signal) => validated(session, known(ephemerals, typeName), config, { what: `validating ephemeral.${typeName}`, call: signal }),
    ...ephemeralCalls(session, ephemerals),
    CallFunction: ({ name, arguments: given }) => callFunction(functions.get(name), name, given),
    StopProvider: () => {
      session.stop('Terraform was interrupted');
      return {};
    },
  };
  return { calls, stop: (reason) => { session.stop(reason); } };
}

function known<T>(definitions: ReadonlyMap<string, T>, name: string): T {
  const found = definitions.get(name);
  if (found === undefined) throw new Error(`this provider has no ${name}`);
  return found;
}
const typeNames = (definitions: ReadonlyMap<string, unknown>): { typeName: string }[] => [...definitions.keys()].map((typeName) => ({ typeName }));
const table = <T, R>(definitions: ReadonlyMap<string, T>, make: (one: T) => R): Record<string, R> => Object.fromEntries([...definitions].map(([name, one]) => [name, make(one)]));

interface Validated { readonly attributes: Attributes; validate?(config: never, report: Diagnostics): void | Promise<void> }
type Config = Parameters<typeof fromWire>[0];

async function validated(session: Session, definition: Validated, config: Config, operation: Operation): Promise<{ diagnostics: ReturnType<Diagnostics['toWire']> }> {
  const diagnostics = new Diagnostics();
  await session.attempt(operation, diagnostics, async () => {
    const value = objectFromWire(config, objectType(definition.attributes)) ?? {};
    validateAttributes(definition.attributes, value, diagnostics);
    if (!diagnostics.failed) await definition.validate?.(value as Typed, diagnostics);
  });
  return { diagnostics: diagnostics.toWire() };
}

async function readDataSource(session: Session, definition: AnyDataSource<unknown>, config: Config, about: { deferralAllowed: boolean; typeName: string; call: AbortSignal }): Promise<Response<'ReadDataSource'>> {
  const type = objectType(definition.attributes);
  const value = objectFromWire(config, type);
  if (session.notConfigured !== undefined && definition.withoutClient !== true && about.deferralAllowed) return { state: toWire(value, type), deferred: { reason: DEFERRED_PROVIDER_CONFIG_UNKNOWN } };
  const diagnostics = new Diagnostics();
  const operation: Operation = { what: `reading data.${about.typeName}`, call: about.call, deadline: deadlineOf(definition.attributes, value, 'read') };
  const state = await session.attempt(operation, diagnostics, async () => {
    const read = await definition.read(value as Typed, session.context(definition, operation, diagnostics)) as ValueObject;
    const missing = isStrict() ? missingValues(definition.attributes, objectOf(Object.entries(read))) : [];
    if (missing.length > 0) throw new ProviderError('State is not complete', `data.${about.typeName}: ${missing.join('; ')}; say nullable() if that is meant.`);
    return read;
  });
  return { ...(state === undefined ? {} : { state: toWire(state, type) }), diagnostics: diagnostics.toWire() };
}

function ephemeralCalls(session: Session, ephemerals: ReadonlyMap<string, AnyEphemeral<unknown>>): Pick<ProviderCalls, 'OpenEphemeralResource' | 'RenewEphemeralResource' | 'CloseEphemeralResource'> {
  const run = async <T>(typeName: string, verb: string, bytes: Uint8Array | undefined, call: AbortSignal, action: (definition: AnyEphemeral<unknown>, context: ResourceContext<unknown>) => Promise<T>) => {
    const definition = known(ephemerals, typeName);
    const diagnostics = new Diagnostics();
    const operation = { what: `${verb} ephemeral.${typeName}`, call };
    const priv = privateFromWire(bytes);
    const result = await session.attempt(operation, diagnostics, async () => action(definition, { ...session.context(definition, operation, diagnostics), private: priv }));
    return { result, private: privateToWire(priv), diagnostics: diagnostics.toWire(), type: objectType(definition.attributes) };
  };
  return {
    OpenEphemeralResource: async ({ typeName, config }, signal) => {
      const waiting = waitsForClient(session, known(ephemerals, typeName), config);
      if (waiting !== undefined) return waiting;
      const { result, type, ...rest } = await run(typeName, 'opening', undefined, signal, (definition, context) => definition.open(objectFromWire(config, objectType(definition.attributes)) as Typed, context));
      return { ...rest, ...(result === undefined ? {} : { result: toWire(result.result as ValueObject, type), ...renewal(result.renewAt) }) };
    },
    RenewEphemeralResource: async ({ typeName, private: bytes }, signal) => {
      const { result, private: priv, diagnostics } = await run(typeName, 'renewing', bytes, signal, async (definition, context): Promise<{ readonly renewAt?: Date }> => definition.renew?.(context) ?? {});
      return { private: priv, diagnostics, ...renewal(result?.renewAt) };
    },
    CloseEphemeralResource: async ({ typeName, private: bytes }, signal) => {
      if (isWaiting(session, known(ephemerals, typeName))) return { diagnostics: [] }; // it was never opened
      const { diagnostics } = await run(typeName, 'closing', bytes, signal, async (definition, context) => definition.close?.(context));
      return { diagnostics };
    },
  };
}

/** While planning, the provider's configuration may follow from what the same run makes: then nothing is opened, and what it will give is unknown. */
function waitsForClient(session: Session, definition: AnyEphemeral<unknown>, config: Config): Response<'OpenEphemeralResource'> | undefined {
  if (!isWaiting(session, definition)) return undefined;
  const { attributes } = definition;
  const type = objectType(attributes);
  const given = objectFromWire(config, type) ?? {};
  const result = objectOf(Object.entries(attributes).map(([name, { spec }]) => [name, spec.presence === 'computed' ? UNKNOWN : given[name] ?? null]));
  return { result: toWire(result, type) };
}

const isWaiting = (session: Session, { withoutClient }: Pick<AnyEphemeral<unknown>, 'withoutClient'>): boolean => session.notConfigured !== undefined && withoutClient !== true;

function renewal(at: Date | undefined): { renewAt?: { seconds: number; nanos: number } } {
  if (at === undefined) return {};
  const seconds = Math.floor(at.getTime() / 1000);
  return { renewAt: { seconds, nanos: (at.getTime() - seconds * 1000) * 1_000_000 } };
}

function callFunction(definition: AnyFunction | undefined, name: string, given: readonly NonNullable<Config>[]): Response<'CallFunction'> {
  if (definition === undefined) return { error: { text: `there is no function ${name}` } };
  try {
    const args: Value[] = given.map((argument, index) => fromWire(argument, (definition.parameters[index] ?? definition.variadic)?.type.spec.type ?? 'dynamic'));
    const diagnostics = new Diagnostics();
    args.forEach((value, index) => {
      const parameter = definition.parameters[index] ?? definition.variadic;
      if (value !== null) for (const check of parameter?.type.spec.validators ?? []) check(value as Typed, [parameter?.name ?? name], diagnostics);
      const said = diagnostics.toWire()[0]?.detail;
      if (said !== undefined) throw new FunctionError(index, said);
    });
    const result = definition.call(...(args as Parameters<typeof definition.call>)) as Value;
    return { result: toWire(result, definition.returns.spec.type) satisfies DynamicValue };
  } catch (error) {
    return { error: { text: error instanceof Error ? error.message : String(error), argument: error instanceof FunctionError ? error.argument : undefined } };
  }
}
