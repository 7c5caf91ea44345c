/**
 * One running provider: its client once it is configured, its stop signal, and how an operation is run so that
 * everything it throws becomes one clear diagnostic. Knows no resource; the calls are in `*-calls.ts`.
 */
import { log } from '../protocol/log.ts';
import type { DynamicValue } from '../protocol/tfplugin6.ts';
import { conformToType, parseStateJson } from '../protocol/state-json.ts';
import { decodeValue, encodeValue } from '../protocol/value-codec.ts';
import { isObject, type Value, type ValueObject, type ValueType } from '../protocol/value.ts';
import type { Attributes } from './attribute.ts';
import { NotConfigured, type AnyProvider, type Context, type PlanContext, type PrivateState } from './definition.ts';
import { Diagnostics, ProviderError, type Problem } from './diagnostics.ts';
import { parseDuration, type TimedOperation } from './timeouts.ts';

/** Whether broken promises are errors, as in all tests of a provider, instead of warnings. */
export const isStrict = (): boolean => process.env['HOLDFAST_PROVIDER_STRICT'] === '1';

export interface Operation {
  /** Completes "… failed", such as `creating holdfast_volume`. */
  readonly what: string;
  /** Fires when Terraform cancels this one call. */
  readonly call: AbortSignal;
  readonly deadline?: { readonly name: TimedOperation; readonly ms: number } | undefined;
}

export class Session {
  readonly definition: AnyProvider;
  readonly #stopping = new AbortController();
  #client: unknown = new NotConfigured('The provider was not configured before this call.');

  constructor(definition: AnyProvider) { this.definition = definition; }

  /** Tells every running and later operation to give up. */
  stop(reason: string): void { this.#stopping.abort(new Error(reason)); }

  get stopSignal(): AbortSignal { return this.#stopping.signal; }

  set client(client: unknown) { this.#client = client; }

  /** Why there is no client, or undefined when there is one. */
  get notConfigured(): NotConfigured | undefined { return this.#client instanceof NotConfigured ? this.#client : undefined; }

  /** The client, or undefined for definitions that may do without. @throws ProviderError for the others when there is none. */
  #clientFor({ withoutClient = false }: { readonly withoutClient?: boolean }): unknown {
    const missing = this.notConfigured;
    if (missing === undefined) return this.#client;
    if (withoutClient) return undefined;
    throw new ProviderError('Provider is not configured', missing.reason);
  }

  /** The context of an operation, without what only some of them have. */
  context(definition: { readonly name: string; readonly withoutClient?: boolean }, operation: Operation, diagnostics: Diagnostics): Context<unknown> {
    return { client: this.#clientFor(definition), signal: this.#signalOf(operation), log, warn: (...said) => { diagnostics.warn(...said); } };
  }

  planContext(operation: Operation, diagnostics: Diagnostics, priv: PrivateState): PlanContext<unknown> {
    return {
      client: this.notConfigured === undefined ? this.#client : undefined, signal: this.#signalOf(operation), log, private: priv,
      error: (...said) => { diagnostics.error(...said); }, warn: (...said) => { diagnostics.warn(...said); },
    };
  }

  #signalOf({ call, deadline }: Operation): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, call, ...(deadline === undefined ? [] : [AbortSignal.timeout(deadline.ms)])]);
  }

  /** Runs `action`; what it throws becomes one error, and the result is undefined. */
  async attempt<T>(operation: Operation, diagnostics: Diagnostics, action: () => Promise<T> | T): Promise<T | undefined> {
    const started = Date.now();
    try {
      return await action();
    } catch (error) {
      const { summary, detail, path } = this.#describe(error, operation, Date.now() - started);
      diagnostics.error(summary, detail, path);
      return undefined;
    }
  }

  #describe(error: unknown, { what, call, deadline }: Operation, elapsedMs: number): Problem {
    if (error instanceof ProviderError) return error;
    const described = this.definition.describeError?.(error);
    const said = described?.detail ?? (error instanceof Error ? error.message : String(error));
    if (this.#stopping.signal.aborted || call.aborted) return { summary: 'Operation cancelled', detail: `Terraform was interrupted while ${what}. ${said}` };
    if (deadline !== undefined && elapsedMs >= deadline.ms && isAbort(error)) {
      return { summary: 'Operation timed out', detail: `The time for ${what} is over (timeouts.${deadline.name} = ${deadline.ms / 1000}s). Raise it, or find out why it takes so long.`, path: ['timeouts'] };
    }
    if (described !== undefined) return described;
    log.error('unexpected error', { while: what, error });
    return { summary: 'Unexpected provider error', detail: `While ${what}: ${said}` };
  }
}

const isAbort = (error: unknown): boolean => error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError' || isAbort(error.cause));

/** The time an operation may take: of the configuration, else the default; undefined when there is no such timeout. */
export function deadlineOf(attributes: Attributes, value: ValueObject | null, name: TimedOperation): Operation['deadline'] {
  const ms = attributes['timeouts']?.spec.timeouts?.[name];
  if (ms === undefined) return undefined;
  const written = value?.['timeouts'];
  const text = isObject(written) ? written[name] : undefined;
  return { name, ms: typeof text === 'string' ? parseDuration(text) : ms };
}

export const toWire = (value: Value | undefined, type: ValueType): DynamicValue => ({ msgpack: encodeValue(value, type) });

export function fromWire(value: { readonly msgpack: Uint8Array; readonly json: Uint8Array } | undefined, type: ValueType): Value {
  if (value === undefined) return null;
  if (value.msgpack.length > 0) return decodeValue(value.msgpack, type);
  return value.json.length > 0 ? conformToType(parseStateJson(Buffer.from(value.json).toString('utf8')), type) : null;
}

export const objectFromWire = (value: Parameters<typeof fromWire>[0], type: ValueType): ValueObject | null => fromWire(value, type) as ValueObject | null;

export const privateFromWire = (bytes: Uint8Array | undefined): PrivateState =>
  (bytes === undefined || bytes.length === 0 ? {} : JSON.parse(Buffer.from(bytes).toString('utf8')) as PrivateState);

export const privateToWire = (data: PrivateState): Buffer => (Object.keys(data).length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(data)));
