/** `holdfast_volume`: creating, reading, changing and deleting, and what is left when that goes wrong. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HoldfastError } from '../../../src/model/errors.ts';
import { applied, drive, errors, GIB, MIB, object, volume, warnings, type Driven } from './driven.ts';

let driven: Driven;
beforeEach(async () => { driven = await drive(); });
afterEach(() => driven.end());
const TYPE = 'holdfast_volume';

describe('create', () => {
  test('makes the volume as planned, with an identity', async () => {
    const { harness, control } = driven;
    const planned = await harness.plan(TYPE, volume({ labels: object({ app: 'x' }) }));
    expect(planned.plan).toMatchObject({ size_bytes: GIB, fs: 'xfs', class: 'any', labels_all: { app: 'x' }, data_effects: 'creates an empty volume of 1 GiB', cluster_id: (await control.cluster()).id });
    const made = await applied(harness, TYPE, volume({ labels: object({ app: 'x' }) }));
    expect(made.state).toMatchObject({ state: 'ready', generation: 0, copies: [{ state: 'in-sync' }], data_effects: 'creates an empty volume of 1 GiB' });
    expect(made.identity).toEqual({ cluster_id: made.state?.['cluster_id'], id: made.state?.['id'] });
    expect(await control.getVolume('db')).toMatchObject({ owner: 'me', labels: { app: 'x' }, spec: { deletion_protection: false, trash_retention_ms: 0 } });
  });

  test('that fails on the machine leaves nothing and no state', async () => {
    const { harness, bench, control } = driven;
    bench.plane.failNext('createReplica', new HoldfastError('resource_exhausted', 'the medium is full', { field: 'size', hint: 'Make room.' }));
    const result = await harness.apply(TYPE, volume());
    expect(errors(result.said)).toEqual(['No room for it: the medium is full. Make room.']);
    expect(result.state).toBeNull();
    expect((await control.listVolumes()).items).toEqual([]);
  });

  test('whose leftovers cannot be purged at once still leaves no volume and no state: they are in the trash', async () => {
    const { harness, bench, control } = driven;
    bench.plane.failNext('createReplica', new Error('the disk is gone'));
    for (let times = 0; times < 2; times += 1) bench.plane.failNext('removeReplica', new Error('the disk is still gone'));
    const result = await harness.apply(TYPE, volume());
    expect(errors(result.said)).toEqual([expect.stringContaining('the disk is gone')]);
    expect(result.state).toBeNull();
    expect((await control.listVolumes()).items).toEqual([]);
  });

  test('restores what the trash has when told so, with what the configuration says about it', async () => {
    const { harness, bench, control } = driven;
    const first = await applied(harness, TYPE, volume({ trash_retention: '7d', size: '2G' }));
    await applied(harness, TYPE, null, first);
    const wanted = volume({ trash_retention: '1d', if_trashed: 'restore', labels: object({ a: 'b' }), deletion_protection: true });
    const later = await driven.run();
    expect((await later.plan(TYPE, wanted)).plan).toMatchObject({ size_bytes: 2 * GIB, data_effects: expect.stringMatching(/^takes back volume vol_.* \(2 GiB\)$/) });
    const again = await applied(later, TYPE, wanted);
    expect(again.state).toMatchObject({ id: first.state?.['id'], size: '1G', size_bytes: 2 * GIB });
    expect(await control.getVolume('db')).toMatchObject({ labels: { a: 'b' }, spec: { deletion_protection: true, trash_retention_ms: 86_400_000 } });
    expect(bench.plane.calls.filter((name) => name === 'createReplica')).toHaveLength(1);
  });

  test('is refused when two addresses of one run want the same name', async () => {
    const { harness } = driven;
    await applied(harness, TYPE, volume());
    expect(errors((await harness.plan(TYPE, volume())).said)).toEqual([expect.stringContaining('this state holds it already')]);
  });
});

describe('read', () => {
  test('turns conditions into warnings and changes nothing', async () => {
    const { harness, bench } = driven;
    const made = await applied(harness, TYPE, volume());
    for (const medium of bench.machine.media.values()) medium.replicas.clear();
    await bench.clock.advance(10_000);
    const read = await harness.read(TYPE, made);
    expect(warnings(read.said)).toEqual([expect.stringMatching(/^Volume is not as it should be: volume "db", ImageMissing: .*Nothing is repaired by itself/s)]);
    expect(read.state).toMatchObject({ state: 'unavailable', data_effects: made.state?.['data_effects'] });
    const { plan } = await harness.plan(TYPE, volume(), read);
    expect(plan).toEqual(read.state);
  });

  test('forgets only what the cluster of the state says is gone', async () => {
    const { harness, control } = driven;
    const made = await applied(harness, TYPE, volume());
    const stranger = { ...made, state: { ...made.state, cluster_id: 'clu_01JD9Z3QK7W5T8X2M4N6P0R1SA' } };
    const refused = await harness.read(TYPE, stranger);
    expect(errors(refused.said)).toEqual([expect.stringContaining('Another cluster answered')]);
    expect(refused.state).toEqual(stranger.state);
    await driven.bench.done(control.removeVolume('db'));
    expect((await harness.read(TYPE, made)).state).toBeNull();
    expect(errors((await harness.read(TYPE, stranger)).said)).toHaveLength(1);
  });

  test('keeps the state when the daemon gives no answer', async () => {
    const { harness, api } = driven;
    const made = await applied(harness, TYPE, volume());
    await api.close();
    const read = await harness.read(TYPE, made);
    expect(errors(read.said)).toEqual([expect.stringMatching(/^No answer from Holdfast: /)]);
    expect(read.state).toEqual(made.state);
  });

  test('of an imported volume fills in everything', async () => {
    const { harness, bench, control } = driven;
    await bench.done(control.createVolume({ name: 'other', size_bytes: 300 * MIB, pool: 'fast', labels: { a: 'b' }, trash_retention_ms: 3_600_000 }));
    const { state, said, identity } = await harness.import(TYPE, { id: 'other' });
    expect(said).toEqual([]);
    expect(state).toMatchObject({ name: 'other', size: '300M', pool: 'fast', fs: 'xfs', labels: { a: 'b' }, trash_retention: '1h', deletion_protection: false, if_trashed: 'refuse', data_effects: 'changes no data' });
    expect(await harness.import(TYPE, { identity: object({ ...identity, cluster_id: null }) })).toMatchObject({ state });
    expect(errors((await harness.import(TYPE, { identity: object({ ...identity, cluster_id: 'clu_x' }) })).said)).toEqual([expect.stringContaining('Another cluster answered')]);
  });
});

describe('update', () => {
  test('that only writes a value in another way plans the prior one, and nothing else', async () => {
    const { harness, bench, control } = driven;
    const made = await applied(harness, TYPE, volume({ trash_retention: '7d' }));
    const pool = await control.getPool('fast');
    const { plan } = await harness.plan(TYPE, volume({ size: '1024MiB', trash_retention: '168h', pool: pool.id, if_trashed: 'new', class: 'any' }), made);
    expect(plan).toEqual(made.state);
    expect(bench.plane.calls.filter((name) => name === 'grow')).toEqual([]);
  });

  test('grows, sets labels and protection, and keeps the rest known', async () => {
    const { harness, control } = driven;
    const made = await applied(harness, TYPE, volume());
    const config = volume({ size: '3G', labels: object({ a: 'b' }), deletion_protection: true });
    expect((await harness.plan(TYPE, config, made)).plan).toMatchObject({ id: made.state?.['id'], size_bytes: 3 * GIB, data_effects: 'grows from 1 GiB to 3 GiB', copies: made.state?.['copies'], device: null });
    const grown = await applied(harness, TYPE, config, made);
    expect(grown.state).toMatchObject({ size: '3G', size_bytes: 3 * GIB, labels: { a: 'b' } });
    expect(await control.getVolume('db')).toMatchObject({ labels: { a: 'b' }, spec: { size_bytes: 3 * GIB, deletion_protection: true } });
  });

  test('that fails to grow keeps the prior state', async () => {
    const { harness, bench } = driven;
    const made = await applied(harness, TYPE, volume());
    bench.plane.failNext('grow', new Error('no'));
    const result = await harness.apply(TYPE, volume({ size: '3G' }), made);
    expect(errors(result.said)).toHaveLength(1);
    expect(result.state).toEqual(made.state);
  });

  test('of a class warns that it counts at creation only', async () => {
    const { harness } = driven;
    const made = await applied(harness, TYPE, volume());
    const { plan, said } = await harness.plan(TYPE, volume({ class: 'fast' }), made);
    expect(warnings(said)).toEqual([expect.stringContaining('Class counts at creation only')]);
    expect(plan).toEqual(made.state);
  });
});

describe('delete', () => {
  test('succeeds when the volume is gone or in the trash', async () => {
    const { harness, bench, control } = driven;
    const made = await applied(harness, TYPE, volume({ trash_retention: '7d' }));
    await bench.done(control.removeVolume('db'));
    expect((await applied(harness, TYPE, null, made)).state).toBeNull();
    await bench.done(control.purgeTrash('db'));
    expect((await applied(harness, TYPE, null, made)).state).toBeNull();
  });

  test('is planned by what the daemon has, not by an old state', async () => {
    const { harness, control } = driven;
    const made = await applied(harness, TYPE, volume());
    await control.updateVolume('db', { deletion_protection: true });
    expect(errors((await harness.plan(TYPE, null, made)).said)).toEqual([expect.stringContaining('Volume is protected')]);
    await control.updateVolume('db', { deletion_protection: false });
    const planned = await harness.plan(TYPE, null, { ...made, state: { ...made.state, deletion_protection: true } });
    expect(warnings(planned.said)).toEqual([expect.stringContaining('never attached and holds no data. Nothing is kept in the trash: there is no way back.')]);
    expect(errors(planned.said)).toEqual([]);
  });
});
