/** The state of the whole, counted page by page: there may be a hundred thousand volumes. */
import type { Node, NodeState } from '../model/node.ts';
import type { Pool } from '../model/pool.ts';
import type { Volume } from '../model/volume.ts';
import { capacityFrom, countTrash } from './capacity.ts';
import type { Context } from './context.ts';
import type { Status } from './control.ts';
import { KEYS } from './keys.ts';
import { scan } from './repository.ts';

const MAX_PROBLEMS = 50;

export async function statusOf(ctx: Context, version: string): Promise<Status> {
  const pools = await ctx.observations.pools(2_000);
  const byState: Record<string, number> = {};
  const [unavailable, degraded]: [Volume[], Volume[]] = [[], []];
  const volumes = await scan<Volume>(ctx.store, KEYS.volumes, async (page) => {
    for (const volume of await Promise.all(page.map((record) => ctx.observations.volume(record, 5_000)))) {
      const { state, conditions } = volume.status;
      byState[state] = (byState[state] ?? 0) + 1;
      const list = state === 'unavailable' ? unavailable : degraded;
      if (conditions.length > 0 && list.length < MAX_PROBLEMS) list.push(volume);
    }
  });
  const trashBytes = new Map<string, number>();
  const trash = await scan<Volume>(ctx.store, KEYS.trash, (page) => countTrash(trashBytes, page));
  const snapshots = await scan(ctx.store, KEYS.snapshots, () => undefined);
  const byNodeState: Record<NodeState, number> = { joining: 0, ready: 0, unavailable: 0, draining: 0, drained: 0 };
  const nodes = ctx.members.nodes();
  for (const { status } of nodes) byNodeState[status.state] += 1;
  const problemsOf = (kind: string, objects: readonly (Node | Pool | Volume)[]): Status['problems'] =>
    objects.flatMap(({ id, name, status }) => status.conditions.map(({ type, message, hint }) => ({ object: { kind, id, name }, condition: type, message, hint })));
  return {
    cluster: ctx.cluster, node: ctx.members.shown(ctx.members.entry(ctx.node.id)?.value ?? ctx.node), daemon_version: version, leader: ctx.leader.current(), nodes: byNodeState,
    counts: { pools: pools.length, volumes, snapshots, trash, operations_running: await ctx.operations.runningCount() },
    volumes_by_state: byState,
    capacity: capacityFrom(pools, trashBytes),
    problems: [...problemsOf('node', nodes), ...problemsOf('pool', pools), ...problemsOf('volume', unavailable), ...problemsOf('volume', degraded)].slice(0, MAX_PROBLEMS),
  };
}
