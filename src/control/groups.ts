/**
 * Groups: how many volumes of one placement rule and label value each node holds. One record per group, compared and
 * written in the very transaction that makes, moves, trashes, restores or relabels a volume, so that its counts are
 * exact whoever writes at the same time. Trashed volumes do not count: they take room, but nothing fails with them.
 */
import type { PlacementRules, Volume } from '../model/volume.ts';
import type { Labels } from '../model/record.ts';
import { KEYS } from './keys.ts';
import type { Compare, Entry, Store, Write } from './ports/store.ts';

export type GroupRule = 'spread_by' | 'anti_affinity';

export interface GroupName {
  readonly rule: GroupRule;
  /** Key of the label that the rule goes by, and its value. */
  readonly label: string;
  readonly value: string;
}

export interface Group extends GroupName {
  /** Volumes on each node, by the node's id; those with none are not named. */
  readonly nodes: Readonly<Record<string, number>>;
}

/** A label's value has no "=" in its key, so that no two groups share a record. */
export const groupKey = ({ rule, label, value }: GroupName): string => KEYS.group(`${rule}/${label}=${value}`);

/** The group that a rule of a volume goes by; null without the rule, or without the label that it names. */
export function groupOf(rule: GroupRule, rules: PlacementRules, labels: Labels): GroupName | null {
  const label = rules[rule];
  const value = label === undefined ? undefined : labels[label];
  return label === undefined || value === undefined ? null : { rule, label, value };
}

export function groupsOf(rules: PlacementRules | undefined, labels: Labels): readonly GroupName[] {
  if (rules === undefined) return [];
  return (['spread_by', 'anti_affinity'] as const).map((rule) => groupOf(rule, rules, labels)).filter((group) => group !== null);
}

/** @param by 1 or -1 for each of the nodes. */
export function counted(group: Group, nodes: readonly string[], by: 1 | -1): Group {
  const counts = { ...group.nodes };
  for (const node of new Set(nodes)) {
    const after = (counts[node] ?? 0) + by;
    if (after > 0) counts[node] = after;
    else delete counts[node];
  }
  return { ...group, nodes: counts };
}

export const emptyGroup = (name: GroupName): Group => ({ rule: name.rule, label: name.label, value: name.value, nodes: {} });

/** The record of a group as read, and what a transaction compares and writes to replace it. */
export interface GroupEntry {
  readonly key: string;
  /** 0: there is none yet. */
  readonly revision: number;
  readonly group: Group;
}

export async function readGroup(store: Pick<Store, 'get'>, name: GroupName): Promise<GroupEntry> {
  const key = groupKey(name);
  const entry: Entry<Group> | null = await store.get<Group>(key);
  return { key, revision: entry?.revision ?? 0, group: entry?.value ?? emptyGroup(name) };
}

export const groupCompare = ({ key, revision }: GroupEntry): Compare => ({ key, revision });

export const groupWrite = (key: string, group: Group): Write =>
  Object.keys(group.nodes).length === 0 ? { op: 'delete', key } : { op: 'put', key, value: group };

interface Membership {
  readonly name: GroupName;
  readonly nodes: readonly string[];
}

function memberships(volume: Volume | null): ReadonlyMap<string, Membership> {
  if (volume === null || volume.status.state === 'trashed') return new Map();
  const nodes = volume.replication.replicas.map(({ node }) => node).sort();
  return new Map(groupsOf(volume.spec.placement, volume.labels).map((name) => [groupKey(name), { name, nodes }]));
}

/**
 * What goes into the transaction that turns `before` into `after` (null: there is none), so that the groups stay exact.
 * Nothing when the volume's groups and nodes stay as they are.
 */
export async function regroup(store: Pick<Store, 'get'>, before: Volume | null, after: Volume | null): Promise<{ readonly compare: readonly Compare[]; readonly writes: readonly Write[]; readonly groups: readonly Group[] }> {
  const [left, joined] = [memberships(before), memberships(after)];
  const names = new Map([...left, ...joined].map(([key, { name }]) => [key, name]));
  const changed = [...names].filter(([key]) => left.get(key)?.nodes.join() !== joined.get(key)?.nodes.join());
  const entries = await Promise.all(changed.map(async ([key, name]) => {
    const [from, to] = [left.get(key), joined.get(key)];
    const entry = await readGroup(store, name);
    const less = from === undefined ? entry.group : counted(entry.group, from.nodes, -1);
    return { entry, after: to === undefined ? less : counted(less, to.nodes, 1) };
  }));
  return {
    compare: entries.map(({ entry }) => groupCompare(entry)),
    writes: entries.map(({ entry, after: group }) => groupWrite(entry.key, group)),
    groups: entries.map(({ after: group }) => group),
  };
}

/** The anti-affinity group, of those that a volume joins, in which it does not stand alone on its node; null: none. */
export function crowded(joined: readonly Group[], volume: Volume): Group | null {
  const names = new Set(groupsOf(volume.spec.placement, volume.labels).map(groupKey));
  return joined.find((group) => group.rule === 'anti_affinity' && names.has(groupKey(group)) && volume.replication.replicas.some(({ node }) => (group.nodes[node] ?? 0) > 1)) ?? null;
}
