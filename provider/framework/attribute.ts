/**
 * Attributes of a schema and the TypeScript types that follow from them. An attribute is immutable; every method gives a
 * new one. `t` begins one: `t.string().required()`. What it means for plans is in `plan.ts`, its wire form in `schema-wire.ts`.
 */
import { equalValues, Unknown, type Decimal, type Dynamic, type Value, type ValueType } from '../protocol/value.ts';
import { formatPath, type Diagnostics, type Path } from './diagnostics.ts';

/** Who gives the value: the user (`required`, `optional`, `defaulted`), the provider (`computed`), or either (`optionalComputed`). */
export type Presence = 'required' | 'optional' | 'defaulted' | 'computed' | 'optionalComputed';
export type Nesting = 'single' | 'list' | 'set' | 'map';

/** The JavaScript type of an attribute's value in each of the four places it appears. */
export interface Shape { readonly state: unknown; readonly plan: unknown; readonly config: unknown; readonly draft: unknown }
interface Leaf<T> { readonly state: T; readonly plan: T; readonly config: T; readonly draft: T }

/** What a plan modifier may look at. `plan`, `config` and `prior` are this attribute's; `prior` is null at create. */
export interface ModifierContext {
  readonly path: Path;
  readonly type: ValueType;
  readonly plan: Value;
  readonly config: Value;
  readonly prior: Value;
  /** True when there is an object already, so that a change is an update or a replacement. */
  readonly exists: boolean;
  readonly requireReplace: () => void;
}
/** Returns the value to plan instead, or undefined to leave it. */
export type PlanModifier = (context: ModifierContext) => Value | undefined;
/** Called with values that are known and not null. */
export type Validator<T> = (value: T, path: Path, diagnostics: Diagnostics) => void;

export interface AttributeSpec {
  readonly presence: Presence;
  readonly type: ValueType;
  readonly nested?: { readonly nesting: Nesting; readonly attributes: Attributes };
  readonly description: string;
  readonly nullable: boolean;
  readonly sensitive: boolean;
  readonly writeOnly: boolean;
  readonly deprecated: string | undefined;
  readonly defaultValue: (() => Value) | undefined;
  readonly modifiers: readonly PlanModifier[];
  readonly validators: readonly Validator<never>[];
  /** Set by `timeouts()`: how long each operation may take when the user does not say, in milliseconds. */
  readonly timeouts?: Readonly<Record<string, number>>;
}
export type Attributes = Readonly<Record<string, Attribute>>;

export class Attribute<S extends Shape = Shape, P extends Presence = Presence, N extends boolean = boolean, W extends boolean = boolean> {
  declare readonly shape: S;
  declare readonly presence: P;
  declare readonly nullability: N;
  declare readonly writeOnlyness: W;
  readonly spec: AttributeSpec;
  constructor(spec: AttributeSpec) { this.spec = spec; }

  /** The user must give it. */
  required(): Attribute<S, 'required', N, W> { return this.#with({ presence: 'required' }); }
  /** The user may give it; null otherwise. This is what an attribute is from the start. */
  optional(): Attribute<S, 'optional', N, W> { return this.#with({ presence: 'optional' }); }
  /** The user may give it; this value otherwise. Dynamic defaults must give the same value every time. */
  default(value: S['config'] & Value): Attribute<S, 'defaulted', N, W> { return this.#with({ presence: 'defaulted', defaultValue: () => value }); }
  /** The provider gives it, unknown until apply; in state it is never null, unless `nullable()`. */
  computed(): Attribute<S, 'computed', N, W> { return this.#with({ presence: 'computed' }); }
  /** The user may give it; the provider does otherwise. */
  optionalComputed(): Attribute<S, 'optionalComputed', N, W> { return this.#with({ presence: 'optionalComputed' }); }
  /** Allows a computed attribute to be null in state. */
  nullable(): Attribute<S, P, true, W> { return this.#with({ nullable: true }); }
  /** Not shown in plans. It still is in the state. */
  sensitive(): Attribute<S, P, N, W> { return this.#with({ sensitive: true }); }
  /** Never in plan or state: only the configuration given at apply has it. Needs Terraform 1.11. */
  writeOnly(): Attribute<S, P, N, true> { return this.#with({ writeOnly: true }); }
  /** Shown as deprecated, with this advice. */
  deprecated(advice: string): Attribute<S, P, N, W> { return this.#with({ deprecated: advice }); }
  /** What it is, in Markdown: meaning, unit, range. */
  describe(description: string): Attribute<S, P, N, W> { return this.#with({ description }); }
  /** A changed value replaces the object. */
  requiresReplace(): Attribute<S, P, N, W> { return this.modify(replaceWhen(() => true)); }
  /** A changed value replaces the object when `test` says so. Not asked while the new value is unknown: that replaces. */
  requiresReplaceIf(test: (prior: S['state'], plan: S['state']) => boolean): Attribute<S, P, N, W> { return this.modify(replaceWhen(test)); }
  /** A computed value that never changes once it is there, such as an id: updates plan the prior value. */
  keepsPrior(): Attribute<S, P, N, W> {
    return this.modify(({ exists, plan, prior, config }) => (exists && prior !== null && plan instanceof Unknown && config === null ? prior : undefined));
  }
  /** Adds a plan modifier; they run in order. */
  modify(modifier: PlanModifier): Attribute<S, P, N, W> { return this.#with({ modifiers: [...this.spec.modifiers, modifier] }); }
  /** Adds a check of the configured value. */
  validate(...validators: readonly Validator<S['config']>[]): Attribute<S, P, N, W> {
    return this.#with({ validators: [...this.spec.validators, ...(validators as readonly Validator<never>[])] });
  }

  #with<P2 extends Presence, N2 extends boolean, W2 extends boolean>(change: Partial<AttributeSpec>): Attribute<S, P2, N2, W2> {
    return new Attribute<S, P2, N2, W2>({ ...this.spec, ...change });
  }
}

/** An attribute before anything is said about it: optional. */
export type NewAttribute<S extends Shape> = Attribute<S, 'optional', false, false>;
const attribute = <S extends Shape>(type: ValueType, more: Partial<AttributeSpec> = {}): NewAttribute<S> => new Attribute({
  presence: 'optional', type, description: '', nullable: false, sensitive: false, writeOnly: false, deprecated: undefined, defaultValue: undefined,
  modifiers: [], validators: [], ...more,
});
const leaf = <T>(type: ValueType, ...validators: readonly Validator<never>[]): NewAttribute<Leaf<T>> => attribute(type, { validators });
const nested = <S extends Shape>(nesting: Nesting, attributes: Attributes): NewAttribute<S> => {
  const object = objectType(attributes);
  return attribute(nesting === 'single' ? object : [nesting, object], { nested: { nesting, attributes } });
};

type Elements<T> = T[];
interface ListShape<S extends Shape> { readonly state: Elements<S['state']>; readonly plan: Elements<S['plan']>; readonly config: Elements<S['config']>; readonly draft: Elements<S['draft'] | Unknown> }
interface MapShape<S extends Shape> { readonly state: Record<string, S['state']>; readonly plan: Record<string, S['plan']>; readonly config: Record<string, S['config']>; readonly draft: Record<string, S['draft'] | Unknown> }
interface ObjectShape<A extends Attributes> { readonly state: StateOf<A>; readonly plan: PlanOf<A>; readonly config: ConfigOf<A>; readonly draft: DraftOf<A> }
type AnyAttribute<S extends Shape> = Attribute<S, Presence, boolean, boolean>;

/** Begins an attribute of each kind. Collections of objects are nested attributes, never blocks. */
export const t = {
  string: () => leaf<string>('string'),
  bool: () => leaf<boolean>('bool'),
  /** A whole number within ±2^53. */
  int: () => leaf<number>('number', wholeNumber),
  /** A number that a double holds exactly. */
  float: () => leaf<number>('number', exactDouble),
  /** Any number of Terraform, without loss. */
  number: () => leaf<number | bigint | Decimal>('number'),
  /** A value of whatever type the user gives. */
  dynamic: () => leaf<Dynamic>('dynamic'),
  list: <S extends Shape>(element: AnyAttribute<S>) => elements<ListShape<S>>('list', element),
  set: <S extends Shape>(element: AnyAttribute<S>) => elements<ListShape<S>>('set', element),
  map: <S extends Shape>(element: AnyAttribute<S>) => elements<MapShape<S>>('map', element),
  object: <const A extends Attributes>(attributes: A) => nested<ObjectShape<A>>('single', attributes),
  listOf: <const A extends Attributes>(attributes: A) => nested<ListShape<ObjectShape<A>>>('list', attributes),
  setOf: <const A extends Attributes>(attributes: A) => nested<ListShape<ObjectShape<A>>>('set', attributes),
  mapOf: <const A extends Attributes>(attributes: A) => nested<MapShape<ObjectShape<A>>>('map', attributes),
};

// The validators of an element are those of each element of the collection.
function elements<S extends Shape>(kind: 'list' | 'set' | 'map', element: AnyAttribute<Shape>): NewAttribute<S> {
  const each: Validator<Value[] | Record<string, Value>> = (values, path, diagnostics) => {
    const entries: [string | number | { key: string }, Value][] = Array.isArray(values) ? [...values.entries()] : Object.entries(values).map(([key, value]) => [{ key }, value]);
    for (const [step, value] of entries) {
      if (value === null || value instanceof Unknown) continue;
      for (const check of element.spec.validators) check(value as never, [...path, kind === 'set' ? '*' : step], diagnostics);
    }
  };
  return leaf([kind, element.spec.type], ...(element.spec.validators.length > 0 ? [each as Validator<never>] : [])) as unknown as NewAttribute<S>;
}

/** The object type of a set of attributes. */
export const objectType = (attributes: Attributes): ValueType => ['object', Object.fromEntries(Object.entries(attributes).map(([name, one]) => [name, one.spec.type]))];

type Simplify<T> = { [K in keyof T]: T[K] };
type Nullable<T, N extends boolean> = N extends true ? T | null : T;
type InState<T, P extends Presence, N extends boolean> = P extends 'required' | 'defaulted' ? T : P extends 'optional' ? T | null : Nullable<T, N>;
/** A state: all known. What `create`, `read` and `update` return; write-only attributes are null. */
export type StateOf<A extends Attributes> = Simplify<{ -readonly [K in keyof A]: A[K] extends Attribute<infer S, infer P, infer N, infer W> ? (W extends true ? null : InState<S['state'], P, N>) : never }>;
/** A plan as `create` and `update` get it: what the provider computes may still be unknown. */
export type PlanOf<A extends Attributes> = Simplify<{ -readonly [K in keyof A]: A[K] extends Attribute<infer S, infer P, infer N, infer W> ? (W extends true ? null : P extends 'computed' | 'optionalComputed' ? Nullable<S['plan'], N> | Unknown : InState<S['plan'], P, N>) : never }>;
/** A configuration at apply: all known, write-only attributes present, computed ones null. */
export type ConfigOf<A extends Attributes> = Simplify<{ -readonly [K in keyof A]: A[K] extends Attribute<infer S, infer P> ? (P extends 'required' ? S['config'] : P extends 'computed' ? null : S['config'] | null) : never }>;
/** A configuration or plan before apply: everything may be unknown. */
export type DraftOf<A extends Attributes> = Simplify<{ -readonly [K in keyof A]: A[K] extends Attribute<infer S, infer P> ? (P extends 'required' ? S['draft'] | Unknown : S['draft'] | null | Unknown) : never }>;

function replaceWhen(test: (prior: unknown, plan: unknown) => boolean): PlanModifier {
  return ({ exists, plan, prior, type, requireReplace }) => {
    if (!exists || equalValues(plan, prior, type)) return undefined;
    if (plan instanceof Unknown || test(prior, plan)) requireReplace();
    return undefined;
  };
}
const wholeNumber: Validator<unknown> = (value, path, diagnostics) => {
  if (!Number.isSafeInteger(value)) diagnostics.error('Invalid number', `${formatPath(path)} must be a whole number between -(2^53-1) and 2^53-1, not ${String(value)}.`, path);
};
const exactDouble: Validator<unknown> = (value, path, diagnostics) => {
  if (typeof value !== 'number') diagnostics.error('Invalid number', `${formatPath(path)} must be a number that 64 bits hold exactly, not ${String(value)}.`, path);
};
