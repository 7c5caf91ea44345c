/**
 * Drives a provider in-process for unit tests, the way Terraform does: proposes states as Terraform computes them, plans
 * before it applies, and passes every value through the real codec. Not part of a built provider.
 */
import type { Decoded, MessageType } from '../protocol/protobuf.ts';
import { RPCS, type DynamicValue, type ReceivedResponse, type Request, type RpcName, type SentRequest } from '../protocol/tfplugin6.ts';
import { isObject, isUnknown, objectOf, type Value, type ValueObject } from '../protocol/value.ts';
import { objectType, type Attributes } from './attribute.ts';
import type { AnyProvider, ProviderDefinition } from './definition.ts';
import { createServer } from './server.ts';
import { identityType } from './schema-wire.ts';
import { fromWire, objectFromWire, toWire } from './session.ts';
import { correlate } from './walk.ts';

export interface Said { readonly severity: 'error' | 'warning'; readonly summary: string; readonly detail: string; readonly path: string }
/** What Terraform keeps of an object between two commands. */
export interface Kept { readonly state: ValueObject | null; readonly private: Buffer; readonly identity: ValueObject | null }
export interface PlanResult { readonly plan: ValueObject | null; readonly replaces: readonly string[]; readonly said: readonly Said[]; readonly private: Buffer }
export interface ApplyResult extends Kept { readonly said: readonly Said[] }
export const NOTHING: Kept = { state: null, private: Buffer.alloc(0), identity: null };

export interface Harness {
  /** One call, encoded and decoded on both sides. */
  call<N extends RpcName>(name: N, request: SentRequest<N>, signal?: AbortSignal): Promise<ReceivedResponse<N>>;
  configure(config: ValueObject): Promise<readonly Said[]>;
  /** Attributes that are left out are null, here and below. */
  validate(type: string, config: ValueObject): Promise<readonly Said[]>;
  /** A null `config` plans the destruction. */
  plan(type: string, config: ValueObject | null, before?: Kept): Promise<PlanResult>;
  /** Plans, and applies what was planned (also replacements: the old object first); stops with what planning said when that has an error. */
  apply(type: string, config: ValueObject | null, before?: Kept): Promise<ApplyResult>;
  read(type: string, before: Kept): Promise<ApplyResult>;
  /** Imports, then reads, as Terraform does. */
  import(type: string, target: { readonly id: string } | { readonly identity: ValueObject }): Promise<ApplyResult>;
  readData(type: string, config: ValueObject): Promise<{ readonly state: ValueObject | null; readonly said: readonly Said[] }>;
  callFunction(name: string, ...args: Value[]): Promise<{ readonly result: Value; readonly error: string | undefined; readonly argument: number | undefined }>;
  /** What Ctrl-C does. */
  stop(): void;
}

/** A provider to test. It is not configured until `configure` is called. */
export function createHarness<A extends Attributes, C>(provider: ProviderDefinition<A, C>): Harness {
  const definition = provider as unknown as AnyProvider;
  const { calls, stop } = createServer(definition);
  const call = async <N extends RpcName>(name: N, request: SentRequest<N>, signal = new AbortController().signal): Promise<ReceivedResponse<N>> => {
    const rpc = RPCS[name] as unknown as { request: MessageType<Request<N>, SentRequest<N>>; response: MessageType<ReceivedResponse<N>, unknown> };
    const handler = calls[name] as unknown as (request: Request<N>, signal: AbortSignal) => Promise<unknown>;
    return rpc.response.decode(rpc.response.encode(await handler(rpc.request.decode(rpc.request.encode(request)), signal)));
  };
  const resource = (type: string) => {
    const found = definition.resources.find(({ name }) => `${definition.name}_${name}` === type);
    if (found === undefined) throw new Error(`no resource ${type}`);
    const identities = identityType(found.identity?.attributes ?? {});
    return {
      attributes: found.attributes, type: objectType(found.attributes),
      identityIn: (value: ValueObject | null) => (value === null ? undefined : { data: toWire(value, identities) }),
      identityOut: (wire: { data: Decoded<MessageType<DynamicValue, unknown>> | undefined } | undefined) => objectFromWire(wire?.data as Parameters<typeof objectFromWire>[0], identities),
    };
  };

  const harness: Harness = {
    call,
    stop: () => { stop('Terraform was interrupted'); },
    async configure(config) {
      const { diagnostics } = await call('ConfigureProvider', { terraformVersion: '1.11.4', config: toWire(config, objectType(definition.attributes)) });
      return said(diagnostics);
    },
    async validate(typeName, config) {
      const { diagnostics } = await call('ValidateResourceConfig', { typeName, config: toWire(config, resource(typeName).type), clientCapabilities: { writeOnlyAttributesAllowed: true } });
      return said(diagnostics);
    },
    async plan(typeName, config, before = NOTHING) {
      const { attributes, type, identityIn } = resource(typeName);
      const proposed = config === null ? null : proposedNewState(attributes, config, before.state);
      const answer = await call('PlanResourceChange', {
        typeName, priorState: toWire(before.state, type), proposedNewState: toWire(proposed, type), config: toWire(config, type), priorPrivate: before.private, priorIdentity: identityIn(before.identity),
      });
      return {
        plan: objectFromWire(answer.plannedState, type), private: answer.plannedPrivate, said: said(answer.diagnostics),
        replaces: answer.requiresReplace.map(({ steps }) => pathText(steps)),
      };
    },
    async apply(typeName, config, before = NOTHING) {
      const planned = await harness.plan(typeName, config, before);
      if (planned.said.some(({ severity }) => severity === 'error')) return { ...before, said: planned.said };
      if (planned.replaces.length > 0) {
        const again = await harness.plan(typeName, config);
        if (again.said.some(({ severity }) => severity === 'error')) return { ...before, said: again.said };
        const gone = await harness.apply(typeName, null, before);
        return gone.state === null ? harness.apply(typeName, config, NOTHING) : gone;
      }
      const { type, identityIn, identityOut } = resource(typeName);
      const answer = await call('ApplyResourceChange', {
        typeName, priorState: toWire(before.state, type), plannedState: toWire(planned.plan, type), config: toWire(config, type), plannedPrivate: planned.private, plannedIdentity: identityIn(before.identity),
      });
      return { state: objectFromWire(answer.newState, type), private: answer.private, identity: identityOut(answer.newIdentity), said: [...planned.said, ...said(answer.diagnostics)] };
    },
    async read(typeName, before) {
      const { type, identityIn, identityOut } = resource(typeName);
      const answer = await call('ReadResource', { typeName, currentState: toWire(before.state, type), private: before.private, currentIdentity: identityIn(before.identity) });
      return { state: objectFromWire(answer.newState, type), private: answer.private, identity: identityOut(answer.newIdentity), said: said(answer.diagnostics) };
    },
    async import(typeName, target) {
      const { type, identityIn, identityOut } = resource(typeName);
      const answer = await call('ImportResourceState', 'id' in target ? { typeName, id: target.id } : { typeName, identity: identityIn(target.identity) });
      const [found] = answer.importedResources;
      if (found === undefined) return { ...NOTHING, said: said(answer.diagnostics) };
      const read = await harness.read(typeName, { state: objectFromWire(found.state, type), private: found.private, identity: identityOut(found.identity) });
      return { ...read, said: [...said(answer.diagnostics), ...read.said] };
    },
    async readData(typeName, config) {
      const found = (definition.dataSources ?? []).find(({ name }) => `${definition.name}_${name}` === typeName);
      const type = objectType(found?.attributes ?? {});
      const answer = await call('ReadDataSource', { typeName, config: toWire(config, type) });
      return { state: objectFromWire(answer.state, type), said: said(answer.diagnostics) };
    },
    async callFunction(name, ...args) {
      const found = definition.functions?.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no function ${name}`);
      const answer = await call('CallFunction', { name, arguments: args.map((value, index) => toWire(value, (found.parameters[index] ?? found.variadic)?.type.spec.type ?? 'dynamic')) });
      return { result: fromWire(answer.result, found.returns.spec.type), error: answer.error?.text, argument: answer.error?.argument };
    },
  };
  return harness;
}

const pathText = (steps: readonly { attribute: string | undefined; key: string | undefined; index: number | undefined }[]): string =>
  steps.map(({ attribute, key, index }, at) => attribute === undefined ? `[${key === undefined ? index ?? '' : JSON.stringify(key)}]` : at === 0 ? attribute : `.${attribute}`).join('');

const said = (diagnostics: ReceivedResponse<'ValidateResourceConfig'>['diagnostics']): Said[] =>
  diagnostics.map(({ severity, summary, detail, attribute }) => ({ severity: severity === 1 ? 'error' : 'warning', summary, detail, path: pathText(attribute?.steps ?? []) }));

/** What Terraform proposes: the configuration, with the prior value of what is computed and not configured. */
export function proposedNewState(attributes: Attributes, config: ValueObject, prior: ValueObject | null): ValueObject {
  return objectOf(Object.entries(attributes).map(([name, { spec }]) => {
    const [written, before] = [config[name] ?? null, prior?.[name] ?? null];
    const computed = spec.presence !== 'required' && spec.presence !== 'optional';
    if (written === null) return [name, computed ? before : null];
    return [name, spec.nested === undefined || isUnknown(written) ? written : proposedNested(spec.nested, written, before)];
  }));
}

function proposedNested({ nesting, attributes }: { readonly nesting: string; readonly attributes: Attributes }, written: Value, before: Value): Value {
  const inner = (one: Value, prior: Value | undefined): Value => (isObject(one) ? proposedNewState(attributes, one, isObject(prior) ? prior : null) : one);
  if (nesting === 'single') return inner(written, before);
  if (isObject(written)) return objectOf(Object.entries(written).map(([key, one]) => [key, inner(one, isObject(before) ? before[key] : undefined)]));
  if (!Array.isArray(written)) return written;
  const priors = Array.isArray(before) ? before : [];
  const matched = nesting === 'set' ? correlate(written, priors, attributes) : priors;
  return written.map((one, index) => inner(one, matched[index] ?? undefined));
}
