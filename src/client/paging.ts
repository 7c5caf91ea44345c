/** Lists that are longer than a page, as one stream. */
import type { Page, PageQuery } from './types.ts';

/** All items of a list, page by page as they are asked for. */
export interface Listing<T> extends AsyncIterable<T> {
  /** Everything, as one array. */
  all(): Promise<T[]>;
  /** One page: the first, or the one at `cursor`. */
  page(query?: PageQuery): Promise<Page<T>>;
}

/** @param read one page. Nothing is asked for before the listing is used. */
export function listing<T>(read: (query: PageQuery) => Promise<Page<T>>): Listing<T> {
  async function* items(): AsyncGenerator<T, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await read({ cursor });
      yield* page.items;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }
  return {
    [Symbol.asyncIterator]: items,
    async all() {
      const found: T[] = [];
      for await (const item of items()) found.push(item);
      return found;
    },
    page: (query = {}) => read(query),
  };
}
