/**
 * What a provider is made of: the definitions that `framework<Client>()` checks and infers types for. Only types and
 * the functions that carry them; how Terraform's calls reach a definition is in `server.ts`.
 */
import type { Log } from '../protocol/log.ts';
import type { Value, ValueObject } from '../protocol/value.ts';
import type { Attribute, Attributes, ConfigOf, DraftOf, PlanOf, Shape, StateOf } from './attribute.ts';
import type { Path, Problem } from './diagnostics.ts';

/** JSON that a provider keeps beside a state, unseen by the user. Survives until the object is deleted. */
export type PrivateState = Record<string, Json>;
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What every operation gets. */
export interface Context<C> {
  readonly client: C;
  /** Fires on Ctrl-C, when Terraform is gone, and when the time of `timeouts` is over. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** A warning: a constant summary, a detail that says what to do. Errors are thrown. */
  readonly warn: (summary: string, detail: string, path?: Path) => void;
}
export interface ResourceContext<C> extends Context<C> {
  /** Mutable; what is in it at the end of the operation is kept. */
  readonly private: PrivateState;
}
export interface ApplyContext<A extends Attributes, C> extends ResourceContext<C> {
  /** What the user wrote; the only place where write-only attributes have values. */
  readonly config: ConfigOf<A>;
}
/** For checks before apply, which may find several errors. */
export interface Reporter {
  readonly error: (summary: string, detail: string, path?: Path) => void;
  readonly warn: (summary: string, detail: string, path?: Path) => void;
}
export interface PlanContext<C> extends Reporter {
  /** Undefined while the provider's configuration is not known: say in a warning which checks were left out. */
  readonly client: C | undefined;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly private: PrivateState;
}

/** A change before it is shown to the user. */
export interface PlanChange<A extends Attributes> {
  /** Null when an object is made, also when it is the new half of a replacement: Terraform does not tell the two apart. */
  readonly prior: StateOf<A> | null;
  readonly config: DraftOf<A>;
  /** The plan so far. Assign to attributes to change it; only what is computed and not configured may be changed. */
  readonly plan: DraftOf<A>;
  /** True when an attribute already asks for a replacement. */
  readonly replaces: boolean;
  /** Makes this change a replacement because of one attribute. */
  readonly requireReplace: (path: Path) => void;
}

export type IdentityAttributes = Readonly<Record<string, { readonly type: 'string' | 'number' | 'bool'; readonly description: string; readonly optionalForImport?: true }>>;
type IdentityValue<K> = K extends 'string' ? string : K extends 'number' ? number : boolean;
export type IdentityOf<I extends IdentityAttributes> = { [K in keyof I]: IdentityValue<I[K]['type']> };
/** What names an object for ever (Terraform 1.12 and later; earlier versions do not ask). */
export interface IdentityDefinition<A extends Attributes, I extends IdentityAttributes> {
  /** Raise it when the attributes change. Default 0. */
  readonly version?: number;
  readonly attributes: I;
  of(state: StateOf<A>): IdentityOf<I>;
  /** `upgrade[n]` turns an identity of version n into one of version n + 1. */
  readonly upgrade?: Readonly<Record<number, (old: ValueObject) => ValueObject>>;
}
/** What to import: `id` of `terraform import` and of `import { id }`, or the attributes of `import { identity }`. */
export type ImportTarget<I extends IdentityAttributes> =
  | { readonly id: string; readonly identity?: undefined }
  | { readonly id?: undefined; readonly identity: { readonly [K in keyof I]: I[K] extends { optionalForImport: true } ? IdentityValue<I[K]['type']> | null : IdentityValue<I[K]['type']> } };

/** An object of another type or provider that a `moved` block turns into one of this type. */
export interface MoveSource { readonly providerAddress: string; readonly typeName: string; readonly schemaVersion: number; readonly state: ValueObject }

interface Documented {
  /** Without the provider's prefix: `volume`, not `holdfast_volume`. */
  readonly name: string;
  /** What it is for, in Markdown; the first sentence also stands in lists. */
  readonly description: string;
  /** A complete example in HCL for the docs. */
  readonly example?: string;
}
interface WithAttributes<A extends Attributes> extends Documented { readonly attributes: A }

export interface ResourceDefinition<A extends Attributes, C, I extends IdentityAttributes = IdentityAttributes> extends WithAttributes<A> {
  /** Version of the schema. Default 0. */
  readonly version?: number;
  /** True when the operations do not need a configured provider: `client` may then be undefined in all of them. */
  readonly withoutClient?: boolean;
  readonly identity?: IdentityDefinition<A, I>;
  /** Markdown for the docs: which forms of id `import` takes. */
  readonly importHelp?: string;
  /** Checks attributes against each other; each for itself was checked before. */
  validate?(config: DraftOf<A>, report: Reporter): void | Promise<void>;
  /** Last word on a plan of create and update. May be called twice for one change. */
  modifyPlan?(change: PlanChange<A>, context: PlanContext<C>): void | Promise<void>;
  /** Last chance to refuse a destruction. Not called for tainted and replaced objects. */
  planDestroy?(prior: StateOf<A>, context: PlanContext<C>): void | Promise<void>;
  /**
   * Makes the object. Whatever is thrown leaves no state behind, so remove what was made before throwing; or return the
   * object with a warning. Never both: an object with an error would be destroyed by the next apply.
   */
  create(plan: PlanOf<A>, context: ApplyContext<A, C>): Promise<StateOf<A>>;
  /** The object as it is now; null only when it is certain that it is gone. */
  read(state: StateOf<A>, context: ResourceContext<C>): Promise<StateOf<A> | null>;
  /** Changes the object. What is thrown keeps the prior state; the next refresh finds what did change. */
  update?(plan: PlanOf<A>, prior: StateOf<A>, context: ApplyContext<A, C>): Promise<StateOf<A>>;
  /** Removes the object. Succeeds when it is gone already. */
  delete(state: StateOf<A>, context: ResourceContext<C>): Promise<void>;
  /** Finds the object; `read` fills in the rest, getting null for what is not given here. */
  import?(target: ImportTarget<I>, context: ResourceContext<C>): Promise<Partial<StateOf<A>>>;
  /** `upgrade[n]` turns a state of schema version n into one of version n + 1. */
  readonly upgrade?: Readonly<Record<number, (old: ValueObject) => ValueObject>>;
  /** Takes over an object of another type; null when this one cannot be taken. Its private data is never seen. */
  move?(source: MoveSource): Partial<StateOf<A>> | null;
}

export interface DataSourceDefinition<A extends Attributes, C> extends WithAttributes<A> {
  readonly withoutClient?: boolean;
  validate?(config: DraftOf<A>, report: Reporter): void | Promise<void>;
  read(config: ConfigOf<A>, context: Context<C>): Promise<StateOf<A>>;
}

/** A value that lives only while Terraform runs. */
export interface EphemeralDefinition<A extends Attributes, C> extends WithAttributes<A> {
  readonly withoutClient?: boolean;
  validate?(config: DraftOf<A>, report: Reporter): void | Promise<void>;
  open(config: ConfigOf<A>, context: ResourceContext<C>): Promise<{ readonly result: StateOf<A>; readonly renewAt?: Date }>;
  renew?(context: ResourceContext<C>): Promise<{ readonly renewAt?: Date }>;
  close?(context: ResourceContext<C>): Promise<void>;
}

export interface FunctionParameter<S extends Shape = Shape> { readonly name: string; readonly type: Attribute<S>; readonly description: string; readonly allowNull?: boolean }
type ArgumentOf<P> = P extends { readonly type: Attribute<infer S>; readonly allowNull: true } ? S['config'] | null : P extends { readonly type: Attribute<infer S> } ? S['config'] : never;
export type ArgumentsOf<P extends readonly FunctionParameter[], V extends FunctionParameter | undefined> =
  [...{ -readonly [K in keyof P]: ArgumentOf<P[K]> }, ...(V extends FunctionParameter ? ArgumentOf<V>[] : [])];
export interface FunctionDefinition<P extends readonly FunctionParameter[] = readonly FunctionParameter[], V extends FunctionParameter | undefined = FunctionParameter | undefined, R extends Shape = Shape> extends Documented {
  /** One line. */
  readonly summary: string;
  readonly parameters: P;
  /** Takes all arguments after the others. */
  readonly variadic?: V;
  readonly returns: Attribute<R>;
  /** Pure: equal arguments give equal results. @throws FunctionError to point at an argument. */
  call(...args: ArgumentsOf<P, V>): R['state'];
}
/** Throw it from a function to say which argument (from 0) is wrong. */
export class FunctionError extends Error {
  readonly argument: number;
  constructor(argument: number, message: string) {
    super(message);
    this.name = 'FunctionError';
    this.argument = argument;
  }
}

/** What `configure` returns while values it needs are unknown. */
export class NotConfigured {
  readonly reason: string;
  /** `reason` is the detail of the warning: what is not known, and what follows. */
  constructor(reason: string) { this.reason = reason; }
}

export interface ProviderDefinition<A extends Attributes, C> extends WithAttributes<A> {
  readonly version: string;
  validate?(config: DraftOf<A>, report: Reporter): void | Promise<void>;
  /**
   * Makes the client all resources share. Values may be unknown during plan; return `NotConfigured` when it cannot be
   * made without them: then reads keep the prior state, and plans get no client.
   */
  configure(config: DraftOf<A>, context: Reporter & { readonly terraformVersion: string; readonly signal: AbortSignal; readonly log: Log }): Promise<C | NotConfigured> | C | NotConfigured;
  readonly resources: readonly AnyResource<C>[];
  readonly dataSources?: readonly AnyDataSource<C>[];
  readonly ephemerals?: readonly AnyEphemeral<C>[];
  readonly functions?: readonly AnyFunction[];
  /** Turns errors of the client into words for the user. Undefined: the error's message is used as it is. */
  describeError?(error: unknown): Problem | undefined;
}

// A definition whose attribute types are forgotten, so that definitions of all kinds fit in one list.
export type AnyResource<C> = ResourceDefinition<Attributes, C>;
export type AnyDataSource<C> = DataSourceDefinition<Attributes, C>;
export type AnyEphemeral<C> = EphemeralDefinition<Attributes, C>;
export type AnyFunction = FunctionDefinition;
export type AnyProvider = ProviderDefinition<Attributes, unknown>;

/** Binds the type of the client once; attribute types are inferred for everything else. */
export const framework = <C>() => ({
  resource: <const A extends Attributes, const I extends IdentityAttributes = IdentityAttributes>(definition: ResourceDefinition<A, C, I>): ResourceDefinition<A, C, I> => definition,
  dataSource: <const A extends Attributes>(definition: DataSourceDefinition<A, C>): DataSourceDefinition<A, C> => definition,
  ephemeral: <const A extends Attributes>(definition: EphemeralDefinition<A, C>): EphemeralDefinition<A, C> => definition,
  provider: <const A extends Attributes>(definition: ProviderDefinition<A, C>): ProviderDefinition<A, C> => definition,
});

/** Declares a function; the types of its arguments follow from `parameters`. */
export const providerFunction = <const P extends readonly FunctionParameter[], const V extends FunctionParameter | undefined = undefined, R extends Shape = Shape>(definition: FunctionDefinition<P, V, R>): FunctionDefinition<P, V, R> => definition;

export type { Value };
