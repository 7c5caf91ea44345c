/**
 * Plans of objects that exist: which attributes the user decides, which follow. An update must promise only what apply
 * keeps, and a value written in another way (`10G`, `10GiB`) must be no change at all, in nothing else either.
 */
import type { Attributes } from '../framework/index.ts';
import { equalValues, isUnknown, type Value, type ValueObject } from '../protocol/value.ts';

/** Whether any of the attributes differs; `timeouts` never counts. */
export function differs(attributes: Attributes, names: readonly string[], plan: object, prior: object): boolean {
  const [planned, before] = [plan as ValueObject, prior as ValueObject];
  return names.some((name) => {
    const type = attributes[name]?.spec.type;
    return type !== undefined && !equalValues(planned[name], before[name], type);
  });
}

/** Puts the prior values of what was not decided by the user back into the plan. */
export function keepPrior(names: readonly string[], plan: object, prior: object): void {
  const [planned, before] = [plan as ValueObject, prior as ValueObject];
  for (const name of names) planned[name] = before[name] ?? null;
}

/** The state after a change: what was promised as promised (the next refresh shows what became of it), the rest as it is. */
export function settled<S extends object>(plan: object, actual: S): S {
  const planned = plan as ValueObject;
  return Object.fromEntries(Object.entries(actual).map(([name, value]) => {
    const promised: Value | undefined = planned[name];
    return [name, promised === undefined || isUnknown(promised) ? (value as Value) : promised];
  })) as S;
}

/** A draft's value, or undefined while it is unknown. */
export const known = <T>(value: T): Exclude<T, { toJSON(): string }> | undefined => (isUnknown(value) ? undefined : value as Exclude<T, { toJSON(): string }>);
