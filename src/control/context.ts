/** What the use cases share: the seams, the identity of this node, and small conveniences over them. */
import { newId, type IdKind } from '../model/id.ts';
import type { DataPlane } from './ports/data-plane.ts';
import type { Store } from './ports/store.ts';
import type { Clock, Log, RandomBytes } from './ports/system.ts';
import type { Cluster, Node } from '../model/node.ts';
import type { EventLog } from './events.ts';
import type { Locks } from './locks.ts';
import type { Observations } from './observations.ts';
import type { OperationRunner } from './operations.ts';

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
  readonly locks: Locks;
  readonly events: EventLog;
  readonly operations: OperationRunner;
  readonly observations: Observations;
}

export const isoNow = (clock: Clock): string => new Date(clock.now()).toISOString();

const lastMs = new WeakMap<Clock, number>();

/** Ids of one clock rise strictly, so that lists in key order are in the order of making: no millisecond is used twice. */
export function mintId(seams: Pick<Seams, 'clock' | 'random'>, kind: IdKind): string {
  const ms = Math.max(seams.clock.now(), (lastMs.get(seams.clock) ?? 0) + 1);
  lastMs.set(seams.clock, ms);
  return newId(kind, ms, seams.random);
}
