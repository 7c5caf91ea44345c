/** What the use cases share: the seams, the identity of this node, and small conveniences over them. */
import { newId, type IdKind } from '../model/id.ts';
import type { DataPlane } from './ports/data-plane.ts';
import type { Store } from './ports/store.ts';
import type { Clock, Log, RandomBytes } from './ports/system.ts';
import type { Cluster, Node } from '../model/node.ts';
import type { Pool } from '../model/pool.ts';
import type { Volume } from '../model/volume.ts';
import type { Leader } from './cluster/leader.ts';
import type { Members } from './cluster/members.ts';
import type { Mirror } from './cluster/mirror.ts';
import type { EventLog } from './events.ts';
import type { Locks } from './locks.ts';
import type { Observations } from './observations.ts';
import type { Operations } from './operations.ts';
import { onlyReplica } from './refs.ts';

export interface Seams {
  readonly store: Store;
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

export interface Context extends Seams {
  readonly cluster: Cluster;
  /** This node's record as it was at start; its id never changes. */
  readonly node: Node;
  readonly members: Members;
  readonly leader: Pick<Leader, 'is' | 'guard' | 'current'>;
  readonly locks: Locks;
  readonly events: EventLog;
  readonly operations: Operations;
  readonly observations: Observations;
  /** Begun by the first placement. */
  readonly poolMirror: Mirror<Pool>;
}

export const isoNow = (clock: Clock): string => new Date(clock.now()).toISOString();

/** Whether this node holds the volume's replica. */
export function isHere(ctx: Pick<Context, 'node'>, volume: Volume): boolean {
  const replica = onlyReplica(volume);
  return replica.node === ctx.node.id && replica.state !== 'lost';
}

/** Who carries out changes of the volume: the node of its replica; for one that was given up for lost, whoever is asked. */
export function carrierOf(ctx: Pick<Context, 'node'>, volume: Volume): string {
  const replica = onlyReplica(volume);
  return replica.state === 'lost' ? ctx.node.id : replica.node;
}

const lastMs = new WeakMap<Clock, number>();

/** Ids of one clock rise strictly, so that lists in key order are in the order of making: no millisecond is used twice. */
export function mintId(seams: Pick<Seams, 'clock' | 'random'>, kind: IdKind): string {
  const ms = Math.max(seams.clock.now(), (lastMs.get(seams.clock) ?? 0) + 1);
  lastMs.set(seams.clock, ms);
  return newId(kind, ms, seams.random);
}
