// What Docker's calls do to volumes, and what Docker is told.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { errorLine, readRequest, type Call } from '../../../../src/api/docker/messages.ts';
import { createVolumeCalls, type AnswerCall } from '../../../../src/api/docker/volume-calls.ts';
import type { Log } from '../../../../src/control/ports/system.ts';
import { asHoldfastError, HoldfastError } from '../../../../src/model/errors.ts';
import { createMemoryControl, type MemoryControl } from './memory-control.ts';

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const HEX = 'ab'.repeat(32);
let control: MemoryControl;
let answer: AnswerCall;
beforeEach(() => {
  control = createMemoryControl();
  answer = createVolumeCalls({ control, log, scope: 'local' });
});

const ask = (call: string, fields: Record<string, unknown> = {}, withinMs = 5_000) => {
  const path = (call === 'Activate' ? '/Plugin.Activate' : `/VolumeDriver.${call}`) as Call;
  return answer(path, readRequest(path, Buffer.from(JSON.stringify(fields))), performance.now() + withinMs);
};
const told = (call: string, fields: Record<string, unknown> = {}, withinMs?: number): Promise<string> =>
  ask(call, fields, withinMs).then(() => { throw new Error('it was not refused'); }, (thrown: unknown) => errorLine(asHoldfastError(thrown)));
const publications = (name: string) => control.volumes.get(name)?.status.publications.map(({ consumer }) => consumer);
const barrier = () => Promise.withResolvers<undefined>();

describe('the driver', () => {
  test('says that it is a volume driver, and its scope', async () => {
    expect(await ask('Activate')).toEqual({ Implements: ['VolumeDriver'] });
    expect(await ask('Capabilities')).toEqual({ Capabilities: { Scope: 'local' } });
  });

  test('makes a volume of a plain name and options, unprotected', async () => {
    await ask('Create', { Name: 'web', Opts: { size: '2G', fs: 'ext4' } });
    expect(control.volumes.get('web')).toMatchObject({ owner: '', spec: { size_bytes: 2 * 2 ** 30, filesystem: 'ext4', deletion_protection: false }, status: { state: 'ready' } });
  });

  test('makes a volume of a spec in the place of the name', async () => {
    await ask('Create', { Name: 'size=2G,name=web', Opts: null });
    expect(control.volumes.get('web')?.spec.size_bytes).toBe(2 * 2 ** 30);
  });

  test('takes what is there when it is asked to make it again, and says what differs', async () => {
    await ask('Create', { Name: 'size=2G,name=web' });
    await ask('Create', { Name: 'size=2G,name=web' });
    await ask('Create', { Name: 'size=1G,name=web' });
    expect(await told('Create', { Name: 'size=4G,fs=ext4,name=web' })).toBe('volume web exists and differs: size is 2G, not 4G; fs is xfs, not ext4. To raise it: holdfast volume resize web 4G; or ask for size=2G or less. fs cannot be changed: ask for fs=xfs, leave fs out, or choose another name.');
    expect(await told('Create', { Name: 'size=2G,name=web', Opts: { size: '3G' } })).toContain('the name says 2G and the options say 3G');
  });

  test('answers Get to the raw spec with the plain name', async () => {
    await ask('Create', { Name: 'size=2G,name=web' });
    for (const Name of ['web', 'size=2G,name=web', 'size=1G;name=web', 'name=web']) {
      expect(await ask('Get', { Name })).toMatchObject({ Volume: { Name: 'web', Mountpoint: '', CreatedAt: '2026-01-01T00:00:00.000Z', Status: { state: 'ready', size: '2G', filesystem: 'xfs' } } });
    }
  });

  test('fails Get of a contradicting spec, so that Docker asks Create, which tells the conflict', async () => {
    await ask('Create', { Name: 'web' });
    expect(await told('Get', { Name: 'size=9G,name=web' })).toContain('size is 1G, not 9G');
  });

  test('does not find what is not there, and makes nothing by looking', async () => {
    for (const Name of ['web', 'size=1G,name=web', '../etc', 'vol_01J00000000000000000000000']) await told('Get', { Name });
    expect(control.volumes.size).toBe(0);
  });

  test('gives anonymous volumes a name that fits, the same each time', async () => {
    await ask('Create', { Name: HEX });
    const name = `anonymous-${HEX.slice(0, 40)}`;
    expect(await ask('Get', { Name: HEX })).toMatchObject({ Volume: { Name: name } });
    expect(control.volumes.get(name)?.spec.trash_retention_ms).toBe(3_600_000);
    await ask('Remove', { Name: HEX });
    expect(control.volumes.size).toBe(0);
  });

  test('lists thousands of volumes by their plain names', async () => {
    for (let i = 0; i < 1_234; i += 1) await ask('Create', { Name: `size=1G,name=v${i}` });
    const { Volumes } = await ask('List') as { Volumes: { Name: string }[] };
    expect(new Set(Volumes.map(({ Name }) => Name)).size).toBe(1_234);
  });
});

describe('mounting', () => {
  beforeEach(async () => { await ask('Create', { Name: 'size=1G,name=web' }); });

  test('gives the mount point of the volume, for the raw spec as for the name, and tells it in Get and Path', async () => {
    const { Mountpoint } = await ask('Mount', { Name: 'size=1G,name=web', ID: 'a' });
    expect(await ask('Mount', { Name: 'web', ID: 'b' })).toEqual({ Mountpoint });
    expect(await ask('Path', { Name: 'web' })).toEqual({ Mountpoint });
    expect(await ask('Get', { Name: 'web' })).toMatchObject({ Volume: { Mountpoint, Status: { consumers: ['docker:a', 'docker:b'] } } });
  });

  test('with the same ID again is the same mount', async () => {
    await ask('Mount', { Name: 'web', ID: 'a' });
    await ask('Mount', { Name: 'web', ID: 'a' });
    await ask('Unmount', { Name: 'web', ID: 'a' });
    expect(publications('web')).toEqual([]);
    expect(await ask('Path', { Name: 'web' })).toEqual({ Mountpoint: '' });
  });

  test('is undone without complaint for an ID or a volume that is not there', async () => {
    await ask('Unmount', { Name: 'web', ID: 'never' });
    await ask('Unmount', { Name: 'gone', ID: 'a' });
  });

  test('of a volume that is gone makes no empty one', async () => {
    expect(await told('Mount', { Name: 'size=1G,name=other', ID: 'a' })).toContain('volume other does not exist');
    expect(control.volumes.has('other')).toBe(false);
  });

  test('keeps the volume from removal, which says so', async () => {
    await ask('Mount', { Name: 'web', ID: 'a' });
    expect(await told('Remove', { Name: 'web' })).toContain('in use');
    await ask('Unmount', { Name: 'web', ID: 'a' });
    await ask('Remove', { Name: 'web' });
    await ask('Remove', { Name: 'web' });
    expect(control.volumes.size).toBe(0);
  });

  test('that comes too late for Docker is taken back', async () => {
    const [held, undone] = [barrier(), barrier()];
    control.hooks.publish = () => held.promise;
    control.hooks.unpublish = async () => { undone.resolve(undefined); };
    expect(await told('Mount', { Name: 'web', ID: 'a' }, 20)).toBe('mounting volume web takes long. It goes on; try again. See: holdfast volume inspect web');
    held.resolve(undefined);
    await undone.promise;
    await ask('Unmount', { Name: 'web', ID: 'b' });
    expect(publications('web')).toEqual([]);
  });

  test('that comes too late stays when it was asked for again', async () => {
    const held = barrier();
    control.hooks.publish = () => held.promise;
    await told('Mount', { Name: 'web', ID: 'a' }, 20);
    const again = ask('Mount', { Name: 'web', ID: 'a' });
    held.resolve(undefined);
    await again;
    await ask('Unmount', { Name: 'web', ID: 'b' });
    expect(publications('web')).toEqual(['docker:a']);
  });
});

describe('a volume whose making takes longer than Docker waits', () => {
  test('goes on being made, and the next attempt gets it', async () => {
    const held = barrier();
    control.hooks.create = () => held.promise;
    expect(await told('Create', { Name: 'size=1G,name=web' }, 20)).toMatch(/^volume web is still being made \(mkfs, 25 %\)\. It goes on; try again\. See: holdfast operation watch op_/);
    expect(await told('Get', { Name: 'web' })).toContain('still being made');
    const again = ask('Create', { Name: 'size=1G,name=web' });
    held.resolve(undefined);
    await again;
    expect(await ask('Get', { Name: 'web' })).toMatchObject({ Volume: { Name: 'web' } });
  });

  test('tells why when it fails', async () => {
    control.hooks.create = async () => { throw new HoldfastError('resource_exhausted', 'no pool has room for 1G', { hint: 'Grow a pool.' }); };
    expect(await told('Create', { Name: 'web' })).toBe('no pool has room for 1G. Grow a pool.');
    expect(control.volumes.size).toBe(0);
  });
});
