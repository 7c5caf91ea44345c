/** The names behind ids, read once for a table or a page. What cannot be found is shown by its id. */
import type { HoldfastClient } from '../client/client.ts';
import type { Names } from './tables.ts';

export async function readNames(client: HoldfastClient): Promise<Names> {
  const [pools, nodes] = await Promise.all([client.pools.list().all(), client.nodes.list().all()]);
  const of = (records: readonly { readonly id: string; readonly name: string }[]) => {
    const names = new Map(records.map(({ id, name }) => [id, name]));
    return (id: string): string => names.get(id) ?? id;
  };
  return { pool: of(pools), node: of(nodes) };
}
