/**
 * Members: the nodes of the cluster and who of them lives, in memory, by following `/nodes/` and `/alive/`. A node's
 * state is derived from both; nothing is decided here.
 */
import type { Node, NodeState } from '../../model/node.ts';
import type { Condition } from '../../model/record.ts';
import { KEYS } from '../keys.ts';
import type { Entry, Store } from '../ports/store.ts';
import type { Clock, Log } from '../ports/system.ts';
import { createMirror } from './mirror.ts';

/** What a living daemon says of itself, under its lease. */
export interface Alive {
  readonly boot_id: string;
  readonly machine_id: string;
  readonly daemon_version: string;
  readonly address: string | null;
  /** Wall clock of the node when this was written; renewed every minute. */
  readonly at: string;
}

export interface Members {
  begin(): Promise<void>;
  /** All, with their derived state. */
  nodes(): readonly Node[];
  /** The record as derived; null when there is none. */
  node(id: string): Node | null;
  /** With the revision, for compares. */
  entry(id: string): Entry<Node> | null;
  /** A record with its derived state and conditions. */
  shown(record: Node): Node;
  isAlive(id: string): boolean;
  /** Nodes with a daemon that lives, this one left out. */
  others(): readonly { readonly id: string; readonly name: string; readonly alive: Alive }[];
  /** Raised by every change: what was derived at the same number is still right. */
  changes(): number;
  learn(entry: Entry<Node>): void;
  refresh(id: string): Promise<void>;
}

/** More than this between two wall clocks is a condition. */
export const MAX_SKEW_MS = 300_000;

export const nameOf = (members: Members, id: string): string => members.node(id)?.name ?? id;

/** Pure. */
export function stateOf(record: Node, alive: boolean): NodeState {
  if (!alive) return record.status.state === 'joining' ? 'joining' : 'unavailable';
  if (!record.spec.cordoned) return 'ready';
  return record.status.state === 'drained' ? 'drained' : 'draining';
}

/** @param self id of this node: it lives, whatever the store says. */
export function createMembers(seams: { readonly store: Store; readonly clock: Clock; readonly log: Log }, self: string, signal: AbortSignal): Members {
  let changed = 0;
  const nodes = createMirror<Node>(seams, KEYS.nodes, signal, () => void (changed += 1));
  /** Its clock less ours, and when it was last seen to go. */
  const offsets = new Map<string, number>();
  const lostAt = new Map<string, string>();
  const alive = createMirror<Alive>(seams, KEYS.alives, signal, (before, after) => {
    changed += 1;
    const id = (after ?? before)?.key.slice(KEYS.alives.length) ?? '';
    if (after === null) {
      lostAt.set(id, new Date(seams.clock.now()).toISOString());
      offsets.delete(id);
    } else {
      lostAt.delete(id);
      if (before?.value.at !== after.value.at) offsets.set(id, Date.parse(after.value.at) - seams.clock.now());
    }
  });

  const isAlive = (id: string): boolean => id === self || alive.entries.has(KEYS.alive(id));

  const conditionsOf = (record: Node, state: NodeState): readonly Condition[] => {
    const kept = record.status.conditions.filter(({ type }) => type !== 'NodeUnreachable' && type !== 'ClockSkew');
    if (state === 'unavailable') {
      const since = record.status.conditions.find(({ type }) => type === 'NodeUnreachable')?.since ?? lostAt.get(record.id) ?? record.status.observed_at ?? record.created_at;
      return [...kept, { type: 'NodeUnreachable', message: `node ${record.name} has not been heard of since ${since}`, hint: `Look at the machine and its network; is holdfastd running there? If it is gone for good, let another machine take its place (holdfast cluster token create --for node --replaces ${record.name}) or remove it (holdfast node remove ${record.name})`, since }];
    }
    const offset = offsets.get(record.id) ?? 0;
    if (Math.abs(offset) <= MAX_SKEW_MS || record.id === self) return kept;
    const minutes = Math.round(Math.abs(offset) / 60_000);
    return [...kept, { type: 'ClockSkew', message: `the clock of node ${record.name} is ${minutes} minutes ${offset > 0 ? 'ahead of' : 'behind'} this one's`, hint: 'Set both right, and keep them so: chrony or systemd-timesyncd.', since: alive.entries.get(KEYS.alive(record.id))?.value.at ?? record.created_at }];
  };

  const shown = (record: Node): Node => {
    const state = stateOf(record, isAlive(record.id));
    const version = alive.entries.get(KEYS.alive(record.id))?.value.daemon_version ?? record.status.daemon_version;
    return { ...record, status: { ...record.status, state, conditions: conditionsOf(record, state), daemon_version: version } };
  };

  return {
    async begin() {
      await Promise.all([nodes.begin(), alive.begin()]);
    },
    nodes: () => [...nodes.entries.values()].map(({ value }) => shown(value)),
    node(id) {
      const entry = nodes.entries.get(KEYS.node(id));
      return entry === undefined ? null : shown(entry.value);
    },
    entry: (id) => nodes.entries.get(KEYS.node(id)) ?? null,
    shown,
    isAlive,
    others: () => [...alive.entries].flatMap(([key, { value }]) => {
      const id = key.slice(KEYS.alives.length);
      return id === self ? [] : [{ id, name: nodes.entries.get(KEYS.node(id))?.value.name ?? id, alive: value }];
    }),
    changes: () => changed,
    learn: (entry) => nodes.learn(entry),
    async refresh(id) {
      await nodes.refresh(KEYS.node(id));
    },
  };
}
