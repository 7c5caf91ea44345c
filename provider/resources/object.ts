/** What every resource does in the same way: its identity, finding it for an import, and telling what is wrong with it. */
import { isId } from '../../src/model/id.ts';
import type { Condition } from '../../src/model/record.ts';
import { ProviderError, type ImportTarget, type ResourceContext } from '../framework/index.ts';
import type { Connection } from './connection.ts';
import type { Noun } from './run.ts';

const IDENTITY = {
  cluster_id: { type: 'string', description: 'Id of the cluster; when it is given, only that cluster may answer.', optionalForImport: true },
  id: { type: 'string', description: 'Id of the object.' },
} as const;
type Identity = typeof IDENTITY;

/** `(cluster_id, id)`: names an object for ever. */
export const identity = <S extends { readonly cluster_id: string; readonly id: string }>(_noun: Noun) => ({
  attributes: IDENTITY,
  of: ({ cluster_id, id }: S) => ({ cluster_id, id }),
});

/** The object to import. @throws ProviderError when it is not there. */
export async function findForImport<T extends { readonly id: string }>(noun: Noun, target: ImportTarget<Identity>, { client, signal }: ResourceContext<Connection>, find: (ref: string) => Promise<T | null>): Promise<T> {
  const ref = target.identity === undefined ? target.id : target.identity.id;
  await client.checkCluster(target.identity?.cluster_id ?? null, `The ${noun} "${ref}"`, { signal });
  const found = await find(ref);
  if (found !== null) return found;
  const form = noun === 'snapshot' ? 'its id (snap_…) or volume@snapshot' : `its name or id (${noun === 'pool' ? 'pool' : 'vol'}_…)`;
  const kind = isId(noun, ref) ? 'id' : 'name';
  throw new ProviderError('Nothing to import', `There is no ${noun} with the ${kind} "${ref}". Give ${form}; "holdfast ${noun} list" shows what there is.`);
}

/** Conditions are warnings with a constant summary: a plan with them changes nothing by itself. */
export function warnOfConditions(noun: Noun, { name, status }: { readonly name: string; readonly status: { readonly conditions: readonly Condition[] } }, context: Pick<ResourceContext<Connection>, 'warn'>): void {
  for (const { type, message, hint } of status.conditions) {
    context.warn(`${noun === 'pool' ? 'Pool' : noun === 'volume' ? 'Volume' : 'Snapshot'} is not as it should be`, `${noun} "${name}", ${type}: ${message}. ${hint} Nothing is repaired by itself, and this plan changes nothing about it.`);
  }
}
