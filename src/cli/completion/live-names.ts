/** Names of what there is now, for completion. */
import type { HoldfastClient } from '../../client/client.ts';
import type { Completion } from '../option.ts';

export interface Candidate {
  readonly word: string;
  /** A few words on it; "" for none. */
  readonly what: string;
}

export type LiveKind = Exclude<Completion, 'file' | 'directory' | readonly string[]>;

/** @throws when the daemon does not answer. */
export async function liveNames(client: HoldfastClient, kind: LiveKind): Promise<Candidate[]> {
  switch (kind) {
    case 'pool': return (await client.pools.list().page()).items.map(({ name, spec }) => ({ word: name, what: `${spec.kind} pool` }));
    case 'volume': return (await client.volumes.list().page()).items.map(({ name, status }) => ({ word: name, what: `volume, ${status.state}` }));
    case 'snapshot': return (await client.snapshots.list().page()).items.map(({ name, volume_name: volume, created_at: at }) => ({ word: `${volume}@${name}`, what: `of ${at.slice(0, 10)}` }));
    case 'node': return (await client.nodes.list().page()).items.map(({ name }) => ({ word: name, what: 'node' }));
    case 'trash': return (await client.trash.list().page()).items.map(({ name, status }) => ({ word: status.trashed?.name ?? name, what: 'in the trash' }));
    case 'operation': return (await client.operations.list().page({ limit: 50 })).items.map(({ id, kind: what, target }) => ({ word: id, what: `${what} ${target.name}` }));
    case 'object': return [...(await liveNames(client, 'volume')), ...(await liveNames(client, 'pool'))];
  }
}
