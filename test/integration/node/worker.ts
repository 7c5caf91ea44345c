/** A process to be killed: does one thing with a DataPlane of its own, as told in JSON, and says `go` before it begins. */
import type { AttachRequest, ImageSource, ReplicaMeta, ReplicaRef, VolumeDescriptor, Work } from '../../../src/control/ports/data-plane.ts';
import type { Filesystem } from '../../../src/model/volume.ts';
import { createDataPlane } from '../../../src/node/data-plane.ts';

export interface Order {
  readonly root: string;
  readonly create?: { readonly replica: ReplicaRef; readonly size: number; readonly source: ImageSource; readonly descriptor: VolumeDescriptor };
  readonly bring?: { readonly meta: ReplicaMeta; readonly request: AttachRequest; readonly filesystem: Filesystem; readonly target: string };
  readonly takeDown?: { readonly replica: ReplicaRef; readonly target: string };
  readonly snapshot?: { readonly replica: ReplicaRef; readonly id: string };
  readonly grow?: { readonly replica: ReplicaRef; readonly size: number; readonly filesystem: Filesystem };
  readonly history?: { readonly replica: ReplicaRef; readonly snapshot: string; readonly history: number; readonly size: number };
  readonly remove?: { readonly replica: ReplicaRef };
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order;
const silent = (): void => undefined;
const plane = createDataPlane({ root: order.root, log: { debug: silent, info: silent, warn: silent, error: silent }, clock: { now: () => Date.now(), monotonic: () => performance.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) } });
const work: Work = { signal: new AbortController().signal, progress: silent };

process.stdout.write('go\n');
const { create, bring, takeDown, snapshot, grow, history, remove } = order;
if (create !== undefined) await plane.createReplica(create.replica, create.size, create.source, create.descriptor, work);
if (bring !== undefined) {
  const { replica } = bring.request;
  await plane.fence(replica, bring.meta);
  await plane.attach(bring.request);
  await plane.mount(replica, bring.filesystem, false);
  await plane.publish(replica, bring.target, true);
}
if (takeDown !== undefined) {
  await plane.unpublish(takeDown.replica, takeDown.target);
  await plane.unmount(takeDown.replica);
  await plane.detach(takeDown.replica);
}
if (snapshot !== undefined) await plane.takeSnapshot(snapshot.replica, snapshot.id, work);
if (grow !== undefined) await plane.grow(grow.replica, grow.size, grow.filesystem, work);
if (history !== undefined) await plane.buildHistory(history.replica, history.snapshot, history.history, history.size, work);
if (remove !== undefined) await plane.removeReplica(remove.replica);
