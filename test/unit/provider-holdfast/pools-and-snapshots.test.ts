/** `holdfast_pool`, `holdfast_snapshot`, data sources and functions against a daemon in memory. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { applied, drive, errors, GIB, object, volume, warnings, type Driven } from './driven.ts';

let driven: Driven;
beforeEach(async () => { driven = await drive(); });
afterEach(() => driven.end());

describe('a pool', () => {
  const POOL = 'holdfast_pool';
  const config = (more = {}) => object({ name: 'p', path: '/srv/other', ...more });

  test('is made, changed and removed', async () => {
    const { harness, control } = driven;
    const made = await applied(harness, POOL, config());
    expect(made.state).toMatchObject({ kind: 'directory', overcommit: 1, class: 'any', state: 'ready', capacity_bytes: 100 * GIB, available_bytes: 100 * GIB });
    expect((await harness.plan(POOL, config({ path: '/srv//other/' }), made)).plan).toEqual(made.state);
    const changed = await applied(harness, POOL, config({ overcommit: 2, class: 'fast', labels: object({ a: 'b' }) }), made);
    expect(changed.state).toMatchObject({ id: made.state?.['id'], available_bytes: 200 * GIB });
    await applied(harness, POOL, null, changed);
    expect((await control.listPools()).items.map(({ name }) => name)).toEqual(['fast']);
  });

  test('does not show changes of less than a hundredth of its capacity as a difference', async () => {
    const { harness, bench } = driven;
    const made = await applied(harness, POOL, config());
    const medium = bench.machine.medium('/srv/other');
    medium.capacity -= 5 * 2 ** 20;
    await bench.clock.advance(10_000);
    expect((await harness.read(POOL, made)).state).toEqual(made.state);
    medium.capacity -= 10 * GIB;
    await bench.clock.advance(10_000);
    expect((await harness.read(POOL, made)).state).toMatchObject({ capacity_bytes: 90 * GIB - 5 * 2 ** 20 });
  });

  test('takes more devices in place, and gives none back', async () => {
    const { harness } = driven;
    const of = (...devices: string[]) => object({ name: 'd', devices });
    const made = await applied(harness, POOL, of('/dev/a'));
    expect(made.state).toMatchObject({ kind: 'device', path: null, devices: ['/dev/a'] });
    const grown = await applied(harness, POOL, of('/dev/a', '/dev/b'), made);
    expect(grown.state).toMatchObject({ id: made.state?.['id'], capacity_bytes: 200 * GIB });
    expect(errors((await harness.plan(POOL, of('/dev/b'), grown)).said)).toEqual([expect.stringContaining('Devices cannot be taken away')]);
    expect(errors((await harness.plan(POOL, of('/dev/b', '/dev/a'), grown)).said)).toEqual([expect.stringContaining('Devices keep their order')]);
    expect(warnings((await harness.plan(POOL, object({ name: 'd', devices: ['/dev/a', '/dev/b', '/dev/c'], force: true }), grown)).said)).toEqual([expect.stringContaining('takes /dev/c with force')]);
  });

  test('that cannot be made leaves nothing, and says which field is the cause', async () => {
    const { harness, bench, control } = driven;
    bench.machine.medium('/srv/other').kind = 'missing';
    const { said, state } = await harness.apply(POOL, config());
    expect(said).toMatchObject([{ severity: 'error', summary: 'Not possible as it is', path: 'path' }]);
    expect(state).toBeNull();
    expect((await control.listPools()).items).toHaveLength(1);
  });

  test('of an interrupted run is taken up again by its owner, while nothing is in it', async () => {
    const { harness, bench, control } = driven;
    await bench.done(control.createPool({ name: 'p', kind: 'directory', path: '/srv/other', owner: 'me' }));
    const { said, state } = await harness.apply(POOL, config({ overcommit: 2 }));
    expect(warnings(said)).toEqual([expect.stringContaining('Pool of an interrupted run is taken')]);
    expect(state).toMatchObject({ overcommit: 2, id: (await control.getPool('p')).id });
    await bench.done(control.createVolume({ name: 'v', pool: 'p' }));
    const later = await driven.run();
    expect(errors((await later.plan(POOL, config())).said)).toEqual([expect.stringContaining('volumes or trash are in it')]);
    expect(errors((await (await driven.run({ owner: 'other' })).plan(POOL, config())).said)).toEqual([expect.stringContaining('its owner is "me", not "other"')]);
  });

  test('is not destroyed while a volume stays in it', async () => {
    const { harness, bench, control } = driven;
    const made = await applied(harness, POOL, config());
    await bench.done(control.createVolume({ name: 'foreign', pool: 'p' }));
    expect(errors((await harness.plan(POOL, null, made)).said)).toEqual([expect.stringContaining('1 of them would stay: foreign')]);
    await bench.done(control.removeVolume('foreign', { purge: true }));
    const inside = await applied(harness, 'holdfast_volume', volume({ pool: 'p' }));
    expect(warnings((await harness.plan(POOL, null, made)).said)).toEqual([expect.stringContaining('unless they are destroyed before it')]);
    await harness.plan('holdfast_volume', null, inside);
    expect((await harness.plan(POOL, null, made)).said).toEqual([]);
    expect(errors((await harness.apply(POOL, null, made)).said)).toEqual([expect.stringContaining('holds 1 volume(s): db')]);
  });
});

describe('a snapshot', () => {
  const SNAPSHOT = 'holdfast_snapshot';

  test('is taken, labelled and removed; its volume may be written in two ways', async () => {
    const { harness, control } = driven;
    const base = await applied(harness, 'holdfast_volume', volume());
    const made = await applied(harness, SNAPSHOT, object({ name: 's', volume: 'db' }));
    expect(made.state).toMatchObject({ volume_id: base.state?.['id'], size_bytes: GIB, state: 'ready', consistency: 'filesystem' });
    expect((await harness.plan(SNAPSHOT, object({ name: 's', volume: base.state?.['id'] ?? '' }), made)).plan).toEqual(made.state);
    const labelled = await applied(harness, SNAPSHOT, object({ name: 's', volume: 'db', labels: object({ a: 'b' }) }), made);
    expect(await control.getSnapshot('db@s')).toMatchObject({ labels: { a: 'b' }, owner: 'me' });
    expect(warnings((await harness.plan(SNAPSHOT, null, labelled)).said)).toEqual([expect.stringContaining('snapshots have no trash')]);
    await applied(harness, SNAPSHOT, null, labelled);
    expect((await control.listSnapshots()).items).toEqual([]);
  });

  test('of another name or volume is another one, which the plan says', async () => {
    const { harness } = driven;
    await applied(harness, 'holdfast_volume', volume());
    await applied(harness, 'holdfast_volume', volume({ name: 'other' }));
    const made = await applied(harness, SNAPSHOT, object({ name: 's', volume: 'db' }));
    for (const config of [{ name: 't', volume: 'db' }, { name: 's', volume: 'other' }]) {
      const planned = await harness.plan(SNAPSHOT, object(config), made);
      expect(planned.replaces).toHaveLength(1);
      expect(warnings(planned.said)).toEqual([expect.stringContaining('Snapshot will be taken anew')]);
    }
  });

  test('is never taken over, not even by its owner, since it holds data', async () => {
    const { harness, bench, control } = driven;
    await applied(harness, 'holdfast_volume', volume());
    await bench.done(control.createSnapshot({ volume: 'db', name: 's', owner: 'me' }));
    expect(errors((await harness.plan(SNAPSHOT, object({ name: 's', volume: 'db' }))).said)).toEqual([expect.stringMatching(/^Snapshot exists already: .*import \{/s)]);
  });

  test('is what a clone begins with, in its pool and with its filesystem', async () => {
    const { harness, bench, control } = driven;
    await applied(harness, 'holdfast_volume', volume({ fs: 'ext4' }));
    await bench.done(control.createSnapshot({ volume: 'db', name: 's' }));
    const wanted = volume({ name: 'clone', pool: null, source_snapshot: 'db@s' });
    expect((await harness.plan('holdfast_volume', wanted)).plan).toMatchObject({ fs: 'ext4', data_effects: 'creates a volume of 1 GiB with the data of its source snapshot' });
    const clone = await applied(harness, 'holdfast_volume', wanted);
    expect(clone.state).toMatchObject({ fs: 'ext4', pool: 'fast', source_snapshot: 'db@s' });
    expect((await harness.plan('holdfast_volume', volume({ name: 'clone', pool: null }), clone)).plan).toEqual(clone.state);
    const smaller = await harness.plan('holdfast_volume', volume({ name: 'small', size: '512M', pool: null, source_snapshot: 'db@s' }));
    expect(errors(smaller.said)).toEqual([expect.stringContaining('A clone cannot be smaller than its snapshot')]);
  });
});

describe('looking', () => {
  test('finds objects and lists by filters', async () => {
    const { harness } = driven;
    await applied(harness, 'holdfast_volume', volume({ labels: object({ app: 'x' }) }));
    await applied(harness, 'holdfast_volume', volume({ name: 'other' }));
    await applied(harness, 'holdfast_snapshot', object({ name: 's', volume: 'db' }));
    expect((await harness.readData('holdfast_volume', object({ name: 'db' }))).state).toMatchObject({ size_bytes: GIB, trash_retention: '0', conditions: [], owner: 'me' });
    expect((await harness.readData('holdfast_volumes', object({ labels: object({ app: 'x' }), pool: 'fast' }))).state).toMatchObject({ volumes: [{ name: 'db' }] });
    expect((await harness.readData('holdfast_pools', object({ class: 'none' }))).state).toMatchObject({ ids: [] });
    expect((await harness.readData('holdfast_snapshots', object({ volume: 'db', owner: 'me' }))).state).toMatchObject({ snapshots: [{ name: 's', volume_name: 'db' }] });
    expect((await harness.readData('holdfast_snapshot', object({ volume: 'db', name: 's' }))).state).toMatchObject({ state: 'ready' });
    expect((await harness.readData('holdfast_node', object({}))).state).toMatchObject({ name: 'one', state: 'ready' });
    expect((await harness.readData('holdfast_capacity', object({}))).state).toMatchObject({ pools: [{ name: 'fast', available_bytes: expect.any(Number) }] });
    expect(errors((await harness.readData('holdfast_volume', object({ name: 'none' }))).said)).toEqual([expect.stringContaining('There is no volume "none"')]);
  });

  test('the functions read specs and write sizes, and point at what is wrong', async () => {
    const { harness } = driven;
    expect(await harness.callFunction('parse_spec', 'size=1536M,name=db,shared=false')).toMatchObject({ result: { name: 'db', size: '1536M', access: 'single', labels: null } });
    expect(await harness.callFunction('parse_spec', 'size=10,name=db')).toMatchObject({ argument: 0, error: expect.stringContaining('Write the unit') });
    expect(await harness.callFunction('format_bytes', 10 * GIB)).toMatchObject({ result: '10 GiB' });
    expect(await harness.callFunction('format_bytes', -1)).toMatchObject({ argument: 0 });
  });
});
