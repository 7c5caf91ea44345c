/** The client against the API over the real control, with a store and a machine in memory. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient, type HoldfastClient } from '../../../src/client/client.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { GIB, servedBench, type Served } from '../api/http/served.ts';
import type { Bench } from '../control/bench.ts';

let served: Served & { readonly bench: Bench };
let client: HoldfastClient;
beforeAll(async () => {
  served = await servedBench();
  client = createClient({ endpoint: served.endpoint, agent: 'test' });
});
afterAll(async () => {
  client.close();
  await served.end();
});
const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'no error', (error: unknown) => (error instanceof HoldfastError ? error.code : error));

describe('a volume, through the client', () => {
  test('is made, found, changed, grown, mounted, deleted, restored and purged', async () => {
    const made = await client.volumes.create({ name: 'db', size_bytes: GIB, labels: { app: 'shop' }, owner: undefined });
    expect(made).toMatchObject({ name: 'db', spec: { size_bytes: GIB }, status: { state: 'ready' }, warnings: [] });
    expect((await client.volumes.get(made.id)).name).toBe('db');
    expect((await client.volumes.find('db'))?.id).toBe(made.id);

    const changed = await client.volumes.update('db', { labels: { app: 'shop', tier: 'a b' } }, { expectedVersion: made.version });
    expect(changed.version).toBe(made.version + 1);
    expect(await codeOf(client.volumes.update('db', { labels: {} }, { expectedVersion: made.version }))).toBe('conflict');
    expect((await client.volumes.list({ labels: { app: 'shop', tier: 'a b' }, pool: 'fast' }).all()).map(({ name }) => name)).toEqual(['db']);
    expect(await client.volumes.list({ labels: { app: 'other' } }).all()).toEqual([]);

    expect((await client.volumes.resize('db', 2 * GIB)).spec.size_bytes).toBe(2 * GIB);
    expect(await codeOf(client.volumes.resize('db', GIB))).toBe('invalid_argument');

    const { mount_path } = await client.volumes.publish('db', { consumer: 'path:/x', path: '/x' });
    expect(mount_path).toBe('/x');
    expect(await codeOf(client.volumes.remove('db'))).toBe('failed_precondition');
    expect((await client.volumes.unpublish('db', { consumer: 'path:/x' })).status.publications).toEqual([]);
    expect((await client.volumes.explain('db')).candidates).toHaveLength(1);

    const gone = await client.volumes.remove('db');
    expect(gone).toMatchObject({ id: made.id, name: 'db', warnings: [] });
    expect(Date.parse(gone.purgeAt ?? '')).toBeGreaterThan(0);
    expect(await client.volumes.find('db')).toBeNull();
    expect(await codeOf(client.volumes.get('db'))).toBe('not_found');
    expect((await client.trash.list().all()).map(({ id }) => id)).toEqual([made.id]);
    expect((await client.trash.restore('db', { name: 'db2' })).name).toBe('db2');
    expect((await client.volumes.remove('db2', { purge: true })).purgeAt).toBeNull();
    expect(await client.trash.list().all()).toEqual([]);
  });

  test('is ensured: made once, then taken', async () => {
    expect((await client.volumes.ensure('cache', { size_bytes: GIB })).created).toBe(true);
    expect((await client.volumes.ensure('cache', { size_bytes: GIB / 2 })).created).toBe(false);
    expect(await codeOf(client.volumes.ensure('cache', { size_bytes: 2 * GIB }))).toBe('conflict');
  });

  test('is only looked at with dry_run', async () => {
    expect((await client.volumes.create({ name: 'ghost', dry_run: true })).name).toBe('ghost');
    expect(await client.volumes.find('ghost')).toBeNull();
    expect(await codeOf(client.volumes.create({ name: 'ghost', dry_run: true, size_bytes: 2 ** 50 }))).toBe('resource_exhausted');
  });

  test('is made once by creates with one key, and refused with another request under that key', async () => {
    const first = await client.volumes.create({ name: 'once' }, { idempotencyKey: 'k-1' });
    expect((await client.volumes.create({ name: 'once' }, { idempotencyKey: 'k-1' })).id).toBe(first.id);
    expect(await codeOf(client.volumes.create({ name: 'twice' }, { idempotencyKey: 'k-1' }))).toBe('conflict');
  });

  test('has its progress reported from the beginning to the end, with the same result', async () => {
    const seen: Operation[] = [];
    const onProgress = (operation: Operation): void => void seen.push(operation);
    expect((await client.volumes.create({ name: 'watched' }, { onProgress })).status.state).toBe('ready');
    expect(seen.at(0)?.kind).toBe('volume.create');
    expect(seen.at(-1)?.state).toBe('succeeded');
    expect((await client.volumes.remove('watched', { onProgress })).purgeAt).not.toBeNull();
    expect((await client.volumes.ensure('watched2', {}, { onProgress })).created).toBe(true);
  });
});

test('a pool and its snapshots go through the client as well', async () => {
  served.bench.machine.set('/srv/two', { capacity: 10 * GIB, reflink: false });
  const pool = await client.pools.create({ name: 'two', kind: 'directory', path: '/srv/two', class: 'slow' });
  expect((await client.pools.list({ name: 'two' }).all()).map(({ id }) => id)).toEqual([pool.id]);
  expect((await client.pools.update('two', { overcommit: 2 })).spec.overcommit).toBe(2);
  expect((await client.capacity()).pools.map(({ name }) => name).sort()).toEqual(['fast', 'two']);
  await client.volumes.create({ name: 'src', pool: 'two' });
  for (const onProgress of [undefined, () => undefined]) {
    const snapshot = await client.snapshots.create({ volume: 'src', name: 's1' }, { onProgress });
    expect(snapshot).toMatchObject({ name: 's1', volume_name: 'src' });
    expect((await client.snapshots.get('src@s1')).id).toBe(snapshot.id);
    expect((await client.snapshots.list({ volume: 'src' }).all()).map(({ name }) => name)).toContain('s1');
    expect((await client.snapshots.restore('src@s1', { onProgress })).name).toBe('src');
    expect(await client.snapshots.remove('src@s1', { onProgress })).toMatchObject({ id: snapshot.id, name: 's1', purgeAt: null });
    expect(await client.snapshots.find('src@s1')).toBeNull();
  }
  await client.volumes.remove('src', { purge: true });
  expect(await client.pools.remove('two')).toMatchObject({ id: pool.id, name: 'two' });
  await client.pools.wipe({ path: '/srv/two', confirm: '/srv/two' });
});

test('lists come page by page, or as a whole', async () => {
  for (let i = 0; i < 7; i += 1) await client.volumes.create({ name: `n${i}`, size_bytes: 8 * 1024 ** 2, owner: 'pages' });
  const list = client.volumes.list({ owner: 'pages' });
  const page = await list.page({ limit: 3 });
  expect(page.items).toHaveLength(3);
  const rest = await list.page({ limit: 500, cursor: page.next ?? '' });
  expect([...page.items, ...rest.items].map(({ name }) => name).sort()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6']);
  expect(rest.next).toBeNull();
  const names: string[] = [];
  for await (const volume of list) {
    names.push(volume.name);
    if (names.length === 2) break;
  }
  expect(names).toHaveLength(2);
});

test('two hundred calls at once are all answered', async () => {
  const volumes = await Promise.all(Array.from({ length: 200 }, (_, i) => client.volumes.find(i % 2 === 0 ? 'cache' : 'nope')));
  expect(volumes.filter((volume) => volume !== null)).toHaveLength(100);
});

test('events are watched as they happen until the signal', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of client.events.watch({ object: 'eventful' }, { signal: stop.signal })) {
      seen.push(event.object.name);
      stop.abort();
    }
  })();
  while (seen.length === 0) {
    await client.volumes.ensure('eventful', {});
    await client.volumes.update('eventful', { labels: { turn: String(Date.now() % 1000) } });
  }
  await watching;
  expect(seen).toEqual(['eventful']);
  expect((await client.events.list({ object: 'eventful' }).page({ limit: 1 })).items[0]?.object.name).toBe('eventful');
});

test('nodes, status, version, cluster, operations and the check of the store are answered', async () => {
  expect((await client.nodes.list().all()).map(({ name }) => name)).toEqual(['one']);
  expect((await client.nodes.get('one')).status.state).toBe('ready');
  expect(await client.nodes.find('two')).toBeNull();
  expect((await client.status()).counts.pools).toBe(1);
  const { id } = await client.cluster();
  expect(await client.version()).toEqual({ version: '9.9.9', api: 'v1', cluster_id: id });
  expect(await client.checkStore()).toEqual({ sound: true, faults: [] });
  const [last] = (await client.operations.list().page({ limit: 1 })).items;
  expect((await client.operations.get(last?.id ?? '')).state).toBe('succeeded');
  expect(await codeOf(client.operations.cancel(last?.id ?? ''))).toBe('failed_precondition');
});

test('references of any kind are one part of the path', async () => {
  for (const ref of ['..', '.', 'a/b', 'a?b=c', 'a#b', '%2e%2e', 'ü', '\u0000', 'a b']) expect(['not_found', 'invalid_argument']).toContain(await codeOf(client.volumes.get(ref)));
  expect(await codeOf(client.volumes.get(''))).toBe('invalid_argument');
});
