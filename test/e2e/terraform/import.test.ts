/** Import of everything that a resource can be, and pools, snapshots, data sources and functions at work. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeIf, filesystem, loopDevices, terraform } from '../../lab/needs.ts';
import { startStage, volume, type Stage, type Workspace } from './stage.ts';

describeIf([loopDevices, terraform], 'an import', () => {
  let stage: Stage;
  let first: Workspace;
  const snapshot = 'resource "holdfast_snapshot" "s" {\n  name = "s"\n  volume = holdfast_volume.v.name\n}\n';

  beforeAll(async () => {
    stage = await startStage();
    first = stage.workspace('made');
    first.write(first.pool('class = "fast"\n  labels = { a = "b" }') + volume('v', ['labels = { app = "x" }']) + snapshot).apply();
  }, 120_000);
  afterAll(() => stage?.end());
  const config = (): string => (first.pool('class = "fast"\n  labels = { a = "b" }') + volume('v', ['labels = { app = "x" }']) + snapshot).replaceAll('$-', `${first.name}-`);

  it.each(['name', 'id'] as const)('of each resource by its %s ends in an empty plan', (way) => {
    const workspace = stage.workspace(`by-${way}`).write(config());
    const refs = way === 'id' ? { p: first.id('holdfast_pool.p'), v: first.id('holdfast_volume.v'), s: first.id('holdfast_snapshot.s') } : { p: `${first.name}-p`, v: `${first.name}-v`, s: `${first.name}-v@s` };
    workspace.ok('import', 'holdfast_pool.p', refs.p);
    workspace.ok('import', 'holdfast_volume.v', refs.v);
    workspace.ok('import', 'holdfast_snapshot.s', refs.s);
    expect(workspace.isSettled()).toBe(true);
  });

  it('by block with generated configuration changes nothing', () => {
    const workspace = stage.workspace('generated').write(`import {\n  to = holdfast_volume.x\n  id = "${first.name}-v"\n}\n`);
    workspace.ok('plan', '-generate-config-out=generated.tf');
    expect(readFileSync(path.join(workspace.directory, 'generated.tf'), 'utf8')).toMatch(/size\s+= "64M"/);
    expect(workspace.apply().text).toContain('1 imported, 0 added, 0 changed, 0 destroyed');
  });

  it('of what is not there says which forms there are', () => {
    const workspace = stage.workspace('missing').write(config());
    expect(workspace.failing('import', 'holdfast_volume.v', 'no-such')).toMatch(/There is no volume with the name "no-such". Give its name or id/);
    expect(workspace.failing('import', 'holdfast_snapshot.s', 'no@such')).toContain('volume@snapshot');
  });

  it('is not needed to look: data sources and functions show what there is', () => {
    const workspace = stage.workspace('data').write(`
data "holdfast_pool" "p" { name = "${first.name}-p" }
data "holdfast_pools" "all" { class = "fast" }
data "holdfast_volume" "v" { id = "${first.id('holdfast_volume.v')}" }
data "holdfast_volumes" "x" {
  pool   = data.holdfast_pool.p.id
  labels = { app = "x" }
  owner  = "${first.name}"
}
data "holdfast_volumes" "none" { labels = { app = "y" } }
data "holdfast_snapshot" "s" {
  volume = data.holdfast_volume.v.name
  name   = "s"
}
data "holdfast_snapshots" "s" { volume = data.holdfast_volume.v.id }
data "holdfast_node" "n" {}
data "holdfast_nodes" "n" {}
data "holdfast_capacity" "c" {}
output "seen" {
  value = {
    pool     = data.holdfast_pool.p.kind
    pools    = data.holdfast_pools.all.pools[*].name
    volume   = data.holdfast_volume.v.fs
    volumes  = data.holdfast_volumes.x.volumes[*].name
    none     = data.holdfast_volumes.none.ids
    snapshot = data.holdfast_snapshot.s.volume_id == data.holdfast_volume.v.id
    taken    = length(data.holdfast_snapshots.s.ids)
    node     = data.holdfast_node.n.id == data.holdfast_nodes.n.ids[0] && data.holdfast_node.n.features["loop"].available
    capacity = contains(data.holdfast_capacity.c.pools[*].name, data.holdfast_pool.p.name)
    spec     = provider::holdfast::parse_spec("size=10G,repl=1,fs=xfs,name=db,labels=a=b")
    bytes    = provider::holdfast::format_bytes(1610612736)
  }
}`);
    workspace.apply();
    const seen = JSON.parse(workspace.run(['output', '-json', 'seen']).stdout) as Record<string, unknown>;
    expect(seen).toEqual({
      pool: 'directory', pools: [`${first.name}-p`], volume: 'ext4', volumes: [`${first.name}-v`], none: [], snapshot: true, taken: 1, node: true, capacity: true, bytes: '1.50 GiB',
      spec: { name: 'db', size: '10G', size_bytes: 10 * 2 ** 30, fs: 'xfs', replicas: 1, access: null, class: null, labels: { a: 'b' }, deletion_protection: null, trash_retention: null },
    });
    expect(workspace.isSettled()).toBe(true);
    expect(workspace.write('output "x" {\n  value = provider::holdfast::parse_spec("sise=1G,name=db")\n}\n').failingPlan()).toMatch(/"sise" is not a key of a spec.*Did you mean size/);
    expect(workspace.write('data "holdfast_pool" "x" {\n  name = "no-such"\n}\n').failingPlan()).toContain('There is no pool "no-such"');
    expect(workspace.write('data "holdfast_pool" "x" {}\n').failingPlan()).toContain('give its name or its id');
  });

  it('leaves no secret and nothing of the configuration of the provider in the state', () => {
    expect(first.stateText).not.toContain(stage.daemon.endpoint);
  });
});

describeIf([loopDevices, terraform, filesystem('xfs')], 'a pool on block devices', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await startStage(); });
  afterAll(() => stage?.end()); // with the loop devices on files below its root
  const device = (name: string): string => {
    const file = path.join(stage.daemon.directory('devices'), name);
    writeFileSync(file, '');
    truncateSync(file, 512 * 2 ** 20);
    return execFileSync('losetup', ['-f', '--show', file], { encoding: 'utf8' }).trim();
  };

  it('is made, grows by devices that are added, and refuses to give one back', () => {
    const [a, b] = [device('a'), device('b')];
    const workspace = stage.workspace('devices');
    const of = (devices: readonly string[], more = ''): Workspace => workspace.write(`resource "holdfast_pool" "p" {\n  name = "$-p"\n  devices = ${JSON.stringify(devices)}\n  ${more}\n}\n${volume('v')}resource "holdfast_snapshot" "s" {\n  name = "s"\n  volume = holdfast_volume.v.id\n}\n`);
    of([a]).apply();
    expect(workspace.attributes('holdfast_pool.p')).toMatchObject({ kind: 'device', reflink: true, state: 'ready' });
    expect(workspace.attributes('holdfast_snapshot.s')).toMatchObject({ method: 'reflink', consistency: 'filesystem' });
    const id = workspace.id('holdfast_pool.p');
    const before = Number(workspace.attributes('holdfast_pool.p')?.['capacity_bytes']);
    of([a, b], 'overcommit = 2').apply();
    expect(workspace.id('holdfast_pool.p')).toBe(id);
    expect(Number(workspace.attributes('holdfast_pool.p')?.['capacity_bytes'])).toBeGreaterThan(1.8 * before);
    expect(workspace.isSettled()).toBe(true);
    expect(of([b]).failingPlan()).toMatch(/Devices cannot be taken away/);
    expect(of([b, a]).failingPlan()).toMatch(/Devices keep their order/);
    of([a, b], 'overcommit = 2').destroy();
  });

  it('refuses a device that holds something, unless it is forced', () => {
    const used = device('used');
    execFileSync('mkfs.ext4', ['-q', used]);
    const workspace = stage.workspace('used');
    const of = (more = ''): Workspace => workspace.write(`resource "holdfast_pool" "p" {\n  name = "$-p"\n  devices = ["${used}"]\n  ${more}\n}\n`);
    expect(of().failingApply()).toMatch(/ext4|signature/);
    expect(workspace.attributes('holdfast_pool.p')).toBeUndefined();
    expect(of('force = true').plan().text).toContain('Devices will be overwritten');
    workspace.apply();
    expect(workspace.isSettled()).toBe(true);
    workspace.destroy();
  });
});
