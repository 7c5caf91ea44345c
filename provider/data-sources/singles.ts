/** `holdfast_pool`, `holdfast_volume`, `holdfast_snapshot`, `holdfast_node`: one object that exists, by its name or id. */
import { ProviderError, t, type DraftOf, type Reporter } from '../framework/index.ts';
import { holdfast } from '../resources/define.ts';
import { factsOfNode, factsOfPool, factsOfSnapshot, factsOfVolume, nodeFacts, poolFacts, snapshotFacts, volumeFacts } from './facts.ts';

const wanted = (noun: string) => ({
  id: t.string().optionalComputed().describe(`Id of the ${noun}. Give either this or \`name\`.`),
  name: t.string().optionalComputed().describe(`Name of the ${noun}. Give either this or \`id\`.`),
});
type Wanted = DraftOf<ReturnType<typeof wanted>>;

/** Exactly one of the two; unknown ones are taken as given. */
const oneOfTwo = (noun: string) => ({ id, name }: Wanted, { error }: Reporter): void => {
  if (id === null && name === null) error('Nothing to look up', `Say which ${noun}: give its name or its id.`);
  if (id !== null && name !== null) error('Looked up in two ways', `Give the name or the id of the ${noun}, not both.`, ['id']);
};

async function found<T>(noun: string, { id, name }: { readonly id: string | null; readonly name: string | null }, find: (ref: string) => Promise<T | null>): Promise<T> {
  const ref = id ?? name ?? '';
  const object = await find(ref);
  if (object !== null) return object;
  throw new ProviderError('Object not found', `There is no ${noun} "${ref}". "holdfast ${noun} list" shows what there is; one that this configuration makes has to be referred to through its resource.`, [id === null ? 'name' : 'id']);
}

export const pool = holdfast.dataSource({
  name: 'pool',
  description: 'A pool that exists.',
  example: 'data "holdfast_pool" "fast" {\n  name = "fast"\n}\n',
  attributes: { ...poolFacts, ...wanted('pool') },
  validate: oneOfTwo('pool'),
  read: async (config, { client: { client }, signal }) => factsOfPool(await found('pool', config, (ref) => client.pools.find(ref, { signal }))),
});

export const volume = holdfast.dataSource({
  name: 'volume',
  description: 'A volume that exists. One in the trash is not found.',
  example: 'data "holdfast_volume" "db" {\n  name = "db"\n}\n',
  attributes: { ...volumeFacts, ...wanted('volume') },
  validate: oneOfTwo('volume'),
  read: async (config, { client: { client }, signal }) => factsOfVolume(await found('volume', config, async (ref) => {
    const volume = await client.volumes.find(ref, { signal });
    return volume?.status.state === 'trashed' ? null : volume;
  })),
});

export const node = holdfast.dataSource({
  name: 'node',
  description: 'A node, by its name or id; without either the only one that there is.',
  example: 'data "holdfast_node" "here" {}\n',
  attributes: { ...nodeFacts, id: t.string().optionalComputed().describe('Id of the node.'), name: t.string().optionalComputed().describe('Name of the node.') },
  validate({ id, name }, { error }) {
    if (id !== null && name !== null) error('Looked up in two ways', 'Give the name or the id of the node, not both.', ['id']);
  },
  async read(config, { client: { client }, signal }) {
    if (config.id !== null || config.name !== null) return factsOfNode(await found('node', config, (ref) => client.nodes.find(ref, { signal })));
    const [only, other] = await client.nodes.list({}, { signal }).all();
    if (only === undefined || other !== undefined) throw new ProviderError('Which node', 'There is not exactly one node: give the name or the id of one.');
    return factsOfNode(await client.nodes.get(only.id, { signal }));
  },
});

export const snapshot = holdfast.dataSource({
  name: 'snapshot',
  description: 'A snapshot that exists: by its id, or by its name and volume.',
  example: 'data "holdfast_snapshot" "before" {\n  volume = "db"\n  name   = "before-upgrade"\n}\n',
  attributes: {
    ...snapshotFacts,
    id: t.string().optionalComputed().describe('Id of the snapshot. Give either this, or `name` and `volume`.'),
    name: t.string().optionalComputed().describe('Name of the snapshot, within its volume.'),
    volume: t.string().describe('The volume, with `name`: name or id.'),
  },
  validate({ id, name, volume }, { error }) {
    if (id !== null && (name !== null || volume !== null)) error('Looked up in two ways', 'Give the id of the snapshot, or its name and volume; not both.', ['id']);
    if (id === null && (name === null || volume === null)) error('Nothing to look up', 'Say which snapshot: give its id, or its name and volume.');
  },
  async read(config, { client: { client }, signal }) {
    const ref = config.id ?? `${config.volume ?? ''}@${config.name ?? ''}`;
    return { ...factsOfSnapshot(await found('snapshot', { id: config.id, name: ref }, () => client.snapshots.find(ref, { signal }))), volume: config.volume };
  },
});
