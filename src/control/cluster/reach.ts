/** What a record of another node means from here: as its node has published it, unless that node is gone. Pure. */
import { HoldfastError } from '../../model/errors.ts';
import type { Pool } from '../../model/pool.ts';
import type { Condition } from '../../model/record.ts';
import type { Volume } from '../../model/volume.ts';
import { onlyReplica } from '../refs.ts';
import { nameOf, type Members } from './members.ts';

const unreachable = (members: Members, nodeId: string): Condition => {
  const node = members.node(nodeId);
  const known = node?.status.conditions.find(({ type }) => type === 'NodeUnreachable');
  if (known !== undefined) return known;
  const name = node?.name ?? nodeId;
  return { type: 'NodeUnreachable', message: `node ${name} is not in the cluster`, hint: 'Join it again, or give up what was only there.', since: node?.created_at ?? '' };
};

export function reachedPool(members: Members, pool: Pool): Pool {
  if (members.isAlive(pool.node) || pool.status.state === 'creating' || pool.status.state === 'removing') return pool;
  return { ...pool, status: { ...pool.status, state: 'unavailable', conditions: [unreachable(members, pool.node)] } };
}

export function reachedVolume(members: Members, volume: Volume): Volume {
  const replica = onlyReplica(volume);
  if (replica.state === 'lost') {
    const gone: Condition = { type: 'ReplicaLost', message: `the only copy of volume ${volume.name} was on a node that was removed and given up for lost`, hint: `Restore it from a backup, or remove it: holdfast volume remove ${volume.name}`, since: volume.status.observed_at ?? volume.created_at };
    return { ...volume, status: { ...volume.status, state: volume.status.state === 'trashed' ? 'trashed' : 'unavailable', conditions: [gone], device: null, mount_path: null } };
  }
  if (members.isAlive(replica.node)) return volume;
  const { state } = volume.status;
  const shown = state === 'creating' || state === 'incomplete' || state === 'trashed' ? state : 'unavailable';
  return { ...volume, status: { ...volume.status, state: shown, conditions: [unreachable(members, replica.node)] } };
}

/** For what only the replica's node can do. @throws failed_precondition naming the node, its address and the way. */
export function refuseElsewhere(members: Members, self: string, volume: Volume, command: string): void {
  const { node, state } = onlyReplica(volume);
  if (node === self && state !== 'lost') return;
  const object = `volume ${volume.name}`;
  if (state === 'lost') throw new HoldfastError('failed_precondition', `the only copy of ${object} was given up for lost`, { object, hint: 'Restore it from a backup, or remove it.' });
  const address = members.node(node)?.spec.address ?? null;
  const where = `${object} is on node ${nameOf(members, node)}${address === null ? '' : ` (${address})`}`;
  if (!members.isAlive(node)) throw new HoldfastError('failed_precondition', `${where}, which does not answer`, { object, hint: `holdfast node inspect ${nameOf(members, node)}` });
  throw new HoldfastError('failed_precondition', `${where}: it can be attached and mounted only there so far`, {
    object, field: 'node', hint: address === null ? `Ask that node: holdfast volume ${command}` : `holdfast --endpoint https://${address} volume ${command}`,
  });
}
