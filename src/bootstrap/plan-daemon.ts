/** The part of the plan that the running daemon carries out: the node's record, its pools, its place in etcd. Pure. */
import type { Labels } from '../model/record.ts';
import type { Pool } from '../model/pool.ts';
import type { Change } from './change.ts';
import type { DaemonView, Facts } from './facts.ts';
import { holdsMember } from './settings.ts';
import { formatAddress, type Wanted, type WantedPool } from './wanted.ts';

/** While the daemon does not answer: what is certain on a machine that is new; the rest shows when it answers. */
export function planDaemon(wanted: Wanted, facts: Facts): Change[] {
  if (facts.daemon === null) return facts.membership === null && !facts.embedded_store ? wanted.pools.map(newPool) : [];
  // While a single machine becomes a node, its record is that of yesterday: it is looked at again.
  const becoming = wanted.cluster !== null && facts.membership === null;
  return [...(becoming ? [] : planNode(wanted, facts.daemon)), ...wanted.pools.flatMap((pool) => planPool(pool, facts.daemon)), ...(becoming ? [] : planVoter(wanted, facts.daemon))];
}

function planNode(wanted: Wanted, { node }: DaemonView): Change[] {
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  const compare = (field: string, now: unknown, then: unknown): void => {
    if (then === undefined || JSON.stringify(sorted(now)) === JSON.stringify(sorted(then))) return;
    before[field] = now;
    after[field] = then;
  };
  compare('labels', node.labels, wanted.labels);
  compare('zone', node.spec.zone, wanted.zone);
  compare('roles', [...node.spec.roles].sort(), wanted.roles === undefined ? undefined : [...wanted.roles].sort());
  compare('address', node.spec.address, wanted.cluster === null || wanted.advertise === null ? undefined : formatAddress(wanted.advertise));
  return Object.keys(after).length === 0 ? [] : [{ what: 'node', name: wanted.name, action: 'update', before, after, step: { do: 'update-node', change: after } }];
}

function planPool(wanted: WantedPool, daemon: DaemonView | null): Change[] {
  const there = daemon?.pools.find(({ name }) => name === wanted.name);
  if (there === undefined) return [newPool(wanted)];
  const changes: Change[] = [];
  const more = wanted.devices.filter((device) => !there.spec.devices.includes(device));
  if (more.length > 0) changes.push({ what: 'pool', name: wanted.name, action: 'grow', before: { devices: there.spec.devices }, after: { devices: wanted.devices }, step: { do: 'grow-pool', pool: wanted.name, devices: more } });
  const { before, after } = differences(wanted, there);
  if (Object.keys(after).length > 0) changes.push({ what: 'pool', name: wanted.name, action: 'update', before, after, step: { do: 'update-pool', pool: wanted.name, change: after } });
  return changes;
}

const newPool = (pool: WantedPool): Change => {
  const { name, path, devices, class: wanted, overcommit, labels } = pool;
  const after = { ...(path === null ? { devices } : { path }), class: wanted ?? 'any', overcommit: overcommit ?? 1, labels: labels ?? {} };
  return { what: 'pool', name, action: 'create', before: null, after, step: { do: 'create-pool', pool } };
};

interface PoolChange { class?: string; overcommit?: number; labels?: Labels }

function differences(wanted: WantedPool, there: Pool): { readonly before: PoolChange; readonly after: PoolChange } {
  const [before, after]: [PoolChange, PoolChange] = [{}, {}];
  if (wanted.class !== undefined && wanted.class !== there.spec.class) [before.class, after.class] = [there.spec.class, wanted.class];
  if (wanted.overcommit !== undefined && wanted.overcommit !== there.spec.overcommit) [before.overcommit, after.overcommit] = [there.spec.overcommit, wanted.overcommit];
  if (wanted.labels !== undefined && JSON.stringify(sorted(wanted.labels)) !== JSON.stringify(sorted(there.labels))) [before.labels, after.labels] = [there.labels, wanted.labels];
  return { before, after };
}

/** A member that has just joined learns first, and is made a voter when it has caught up. */
function planVoter(wanted: Wanted, { members }: DaemonView): Change[] {
  const own = holdsMember(wanted) ? members?.find(({ name }) => name === wanted.name) : undefined;
  return own?.learner === true ? [{ what: 'etcd', name: `member ${wanted.name}`, action: 'promote', before: 'learner', after: 'voter', step: { do: 'await-voter' } }] : [];
}

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value;
