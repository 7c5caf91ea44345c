/** `holdfast_pools`, `holdfast_volumes`, `holdfast_snapshots`, `holdfast_nodes`: everything that the filters leave. */
import type { Labels } from '../../src/model/record.ts';
import { t } from '../framework/index.ts';
import { holdfast } from '../resources/define.ts';
import { factsOfNode, factsOfPool, factsOfSnapshot, factsOfVolume, nodeFacts, poolFacts, snapshotFacts, volumeFacts } from './facts.ts';

const name = (noun: string) => t.string().describe(`Only the ${noun} of this name. Default: all.`);
const labels = t.map(t.string()).describe('Only those that have all these labels with these values. Default: all.');
const owner = t.string().describe('Only those of this owner. Default: all.');
const ids = (noun: string) => t.list(t.string()).computed().describe(`Ids of the ${noun}, in the order of the list.`);

const hasLabels = (object: { readonly labels: Labels }, wanted: Labels | null): boolean => Object.entries(wanted ?? {}).every(([key, value]) => object.labels[key] === value);
const orUndefined = <T>(value: T | null): T | undefined => value ?? undefined;

export const pools = holdfast.dataSource({
  name: 'pools',
  description: 'Pools, all or those that the filters leave.',
  example: 'data "holdfast_pools" "fast" {\n  class = "fast"\n}\n',
  attributes: {
    name: name('pool'), class: t.string().describe('Only those of this class. Default: all.'), owner, labels,
    ids: ids('pools'),
    pools: t.listOf(poolFacts).computed().describe('The pools.'),
  },
  async read(config, { client: { client }, signal }) {
    const found = (await client.pools.list({ name: orUndefined(config.name) }, { signal }).all())
      .filter((pool) => hasLabels(pool, config.labels) && (config.class === null || pool.spec.class === config.class) && (config.owner === null || pool.owner === config.owner));
    return { ...config, ids: found.map(({ id }) => id), pools: found.map(factsOfPool) };
  },
});

export const volumes = holdfast.dataSource({
  name: 'volumes',
  description: 'Volumes, all or those that the filters leave. What is in the trash is not among them.',
  example: 'data "holdfast_volumes" "shop" {\n  labels = {\n    app = "shop"\n  }\n}\n',
  attributes: {
    name: name('volume'), pool: t.string().describe('Only those in this pool: name or id. Default: all.'), owner, labels,
    ids: ids('volumes'),
    volumes: t.listOf(volumeFacts).computed().describe('The volumes.'),
  },
  async read(config, { client: { client }, signal }) {
    const found = await client.volumes.list({ name: orUndefined(config.name), pool: orUndefined(config.pool), owner: orUndefined(config.owner), labels: orUndefined(config.labels) }, { signal }).all();
    return { ...config, ids: found.map(({ id }) => id), volumes: found.map(factsOfVolume) };
  },
});

export const snapshots = holdfast.dataSource({
  name: 'snapshots',
  description: 'Snapshots, all or those that the filters leave.',
  example: 'data "holdfast_snapshots" "db" {\n  volume = "db"\n}\n',
  attributes: {
    name: name('snapshot'), volume: t.string().describe('Only those of this volume: name or id. Default: all.'), owner, labels,
    ids: ids('snapshots'),
    snapshots: t.listOf(snapshotFacts).computed().describe('The snapshots.'),
  },
  async read(config, { client: { client }, signal }) {
    const found = (await client.snapshots.list({ name: orUndefined(config.name), volume: orUndefined(config.volume) }, { signal }).all())
      .filter((snapshot) => hasLabels(snapshot, config.labels) && (config.owner === null || snapshot.owner === config.owner));
    return { ...config, ids: found.map(({ id }) => id), snapshots: found.map(factsOfSnapshot) };
  },
});

export const nodes = holdfast.dataSource({
  name: 'nodes',
  description: 'Nodes, all or those that the filters leave.',
  example: 'data "holdfast_nodes" "all" {}\n',
  attributes: {
    name: name('node'), labels,
    ids: ids('nodes'),
    nodes: t.listOf(nodeFacts).computed().describe('The nodes.'),
  },
  async read(config, { client: { client }, signal }) {
    const found = (await client.nodes.list({ name: orUndefined(config.name) }, { signal }).all()).filter((node) => hasLabels(node, config.labels));
    return { ...config, ids: found.map(({ id }) => id), nodes: found.map(factsOfNode) };
  },
});
