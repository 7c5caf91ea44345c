// What the constructs become: the JSON that Terraform reads.
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Testing } from 'cdktf';
import { TerraformOutput, TerraformStack } from '../../../stacks/cdktf.ts';
import { keepStateInS3 } from '../../../stacks/constructs/state.ts';
import { Pool } from '../../../stacks/constructs/pool.ts';
import { Holdfast } from '../../../stacks/constructs/provider.ts';
import { Retention } from '../../../stacks/constructs/retention.ts';
import { Size } from '../../../stacks/constructs/size.ts';
import { Volume } from '../../../stacks/constructs/volume.ts';
import { LocalStack } from '../../../stacks/local.ts';
import { localSettings } from '../../../stacks/settings.ts';

const outdir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-stacks-'));
afterAll(() => { rmSync(outdir, { recursive: true }); });

type Json = { [key: string]: Json } & { readonly [index: number]: Json };

/** The synthesised stack without the library's own remarks. */
function synth(declare: (stack: TerraformStack) => void): Json {
  const stack = new TerraformStack(Testing.app({ outdir }), 'stack');
  declare(stack);
  return JSON.parse(Testing.synth(stack), (key, value: unknown) => (key === '//' ? undefined : value));
}

describe('a pool', () => {
  it('in a directory names its path and is called like its construct', () => {
    const { resource } = synth((stack) => Pool.directory(stack, 'local', { path: '/srv/pool' }));
    expect(resource).toEqual({ holdfast_pool: { local: { kind: 'directory', name: 'local', path: '/srv/pool' } } });
  });

  it('on devices carries everything that was given, and nothing else', () => {
    const { resource } = synth((stack) => Pool.devices(stack, 'fast', { devices: ['/dev/vdb'], force: true, class: 'ssd', overcommit: 1.5, labels: { rack: 'a' } }));
    expect(resource?.['holdfast_pool']?.['fast']).toEqual({
      kind: 'device', name: 'fast', devices: ['/dev/vdb'], force: true, class: 'ssd', overcommit: 1.5, labels: { rack: 'a' },
    });
  });

  it('on no device is refused', () => {
    expect(() => synth((stack) => Pool.devices(stack, 'fast', { devices: [] }))).toThrow('pool fast: devices names none');
  });

  it('that is managed elsewhere is looked up by name', () => {
    const { data, resource } = synth((stack) => new Volume(stack, 'web', { size: Size.gibibytes(1), pool: Pool.named(stack, 'shared', 'big') }));
    expect(data).toEqual({ holdfast_pool: { shared: { name: 'big' } } });
    expect(resource?.['holdfast_volume']?.['web']?.['pool']).toBe('${data.holdfast_pool.shared.name}');
  });
});

describe('a volume', () => {
  it('leaves to the provider what was not said: it is protected by default', () => {
    const { resource } = synth((stack) => new Volume(stack, 'web', { size: Size.gibibytes(10) }));
    expect(resource).toEqual({ holdfast_volume: { web: { name: 'web', size: '10G' } } });
  });

  it('carries everything that was given', () => {
    const { resource } = synth((stack) => new Volume(stack, 'web', {
      name: 'web-1', size: Size.mebibytes(256), filesystem: 'ext4', class: 'ssd', labels: { app: 'web' },
      deletionProtection: false, trashRetention: Retention.none(), ifTrashed: 'restore', from: { snapshotId: 'snap_1' },
    }));
    expect(resource?.['holdfast_volume']?.['web']).toEqual({
      name: 'web-1', size: '256M', fs: 'ext4', class: 'ssd', labels: { app: 'web' },
      deletion_protection: false, trash_retention: '0', if_trashed: 'restore', source_snapshot: 'snap_1',
    });
  });

  it('made by its pool refers to it, so that the pool comes first, and has an address of its own', () => {
    const { resource } = synth((stack) => Pool.directory(stack, 'local', { path: '/srv/pool' }).volume('web', { size: Size.gibibytes(1) }));
    expect(resource?.['holdfast_volume']).toEqual({ web: { name: 'web', size: '1G', pool: '${holdfast_pool.local.name}' } });
  });

  it('is mounted by name', () => {
    const { output } = synth((stack) => new TerraformOutput(stack, 'mount', { value: new Volume(stack, 'web', { size: Size.gibibytes(1) }).mountedAt('/data') }));
    expect(output?.['mount']).toEqual({ value: '${holdfast_volume.web.name}:/data' });
  });
});

describe('a snapshot', () => {
  it('refers to its volume by id, and a clone of it to the snapshot', () => {
    const { resource } = synth((stack) => {
      const web = new Volume(stack, 'web', { size: Size.gibibytes(1) });
      const before = web.snapshot('before', { labels: { why: 'upgrade' } });
      new Volume(stack, 'copy', { size: Size.gibibytes(1), from: before });
    });
    const [[address, snapshot] = []] = Object.entries(resource?.['holdfast_snapshot'] ?? {});
    expect(snapshot).toEqual({ name: 'before', volume: '${holdfast_volume.web.id}', labels: { why: 'upgrade' } });
    expect(resource?.['holdfast_volume']?.['copy']?.['source_snapshot']).toBe(`\${holdfast_snapshot.${address ?? ''}.id}`);
  });
});

describe('two daemons in one stack', () => {
  it('are told apart by alias, all the way down from a pool', () => {
    const { resource, provider } = synth((stack) => {
      new Holdfast(stack, 'here');
      const there = new Holdfast(stack, 'there', { endpoint: 'unix:///there.sock', alias: 'there', owner: 'ops', defaults: { deletionProtection: false, ifTrashed: 'new', labels: { a: 'b' } } });
      Pool.directory(stack, 'local', { path: '/srv/pool', holdfast: there }).volume('web', { size: Size.gibibytes(1) }).snapshot('one');
    });
    expect(provider?.['holdfast']).toEqual([{}, {
      alias: 'there', endpoint: 'unix:///there.sock', owner: 'ops', defaults: { deletion_protection: false, if_trashed: 'new', labels: { a: 'b' } },
    }]);
    const all = ['holdfast_pool', 'holdfast_volume', 'holdfast_snapshot'].flatMap((type) => Object.values(resource?.[type] ?? {}));
    expect(all.map((one) => one['provider'])).toEqual(Array(3).fill('holdfast.there'));
  });
});

describe('state in S3', () => {
  it('is encrypted and locked, one object per stack', () => {
    const { terraform } = synth((stack) => keepStateInS3(stack, { bucket: 'states', region: 'eu-west-1' }));
    expect(terraform?.['backend']).toEqual({ s3: { bucket: 'states', region: 'eu-west-1', key: 'holdfast/stack.tfstate', encrypt: true, use_lockfile: true } });
  });
});

describe('the local stack', () => {
  const local = (context: object) => JSON.parse(Testing.synth(new LocalStack(Testing.app({ outdir }), 'local', localSettings(context)))) as Json;

  it('makes a pool and volumes that may be thrown away', () => {
    const { resource } = local({});
    expect(resource?.['holdfast_pool']?.['local']).toMatchObject({ kind: 'directory', path: '/var/lib/holdfast/pools/local' });
    for (const volume of Object.values(resource?.['holdfast_volume'] ?? {})) expect(volume).toMatchObject({ deletion_protection: false, trash_retention: '0' });
    expect(resource?.['holdfast_snapshot']).toBeUndefined();
  });

  it('grows by one number, takes devices, and declares the snapshots that are named', () => {
    const { resource, provider } = local({ endpoint: 'unix:///x.sock', devices: ['/dev/vdb'], webGibibytes: 3, snapshots: ['monday', 'tuesday'] });
    expect(provider?.['holdfast']?.[0]).toEqual({ endpoint: 'unix:///x.sock', owner: 'stack-local' });
    expect(resource?.['holdfast_pool']?.['local']).toMatchObject({ kind: 'device', devices: ['/dev/vdb'] });
    expect(resource?.['holdfast_volume']?.['web']).toMatchObject({ size: '3G' });
    expect(Object.values(resource?.['holdfast_snapshot'] ?? {}).map((one) => one['name'])).toEqual(['monday', 'tuesday']);
  });
});
