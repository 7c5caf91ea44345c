// Optional props that were not given must be absent from the resource, not present as undefined: Terraform's own
// defaults hold for what is absent. Types only know this when the keys are gone.

/** The same object without the keys whose value is undefined. */
export function given<T extends object>(props: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
