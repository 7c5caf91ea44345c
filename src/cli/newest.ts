/** The newest of a list that is newest first, without reading all of it. */

export interface Newest<T> {
  readonly items: T[];
  /** Whether there are more than these. */
  readonly more: boolean;
}

export async function newest<T>(listing: AsyncIterable<T>, limit: number): Promise<Newest<T>> {
  const items: T[] = [];
  for await (const item of listing) {
    if (items.length >= limit) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}
