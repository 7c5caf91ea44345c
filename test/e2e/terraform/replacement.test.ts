/** Rule 1 of the life cycle: no replacement, however it is asked for, ever gets as far as destroying a volume. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeIf, loopDevices, terraform } from '../../lab/needs.ts';
import { startStage, volume, type Stage, type Workspace } from './stage.ts';

describeIf([loopDevices, terraform], 'a replacement of a volume', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await startStage(); });
  afterAll(() => stage?.end());

  /** A pool and a volume `v`, applied. */
  const made = (name: string, ...lines: string[]): Workspace => {
    const workspace = stage.workspace(name);
    workspace.write(workspace.pool() + volume('v', lines)).apply();
    return workspace;
  };
  const unharmed = async (workspace: Workspace): Promise<void> => {
    expect(await stage.client.volumes.get(workspace.id('holdfast_volume.v'))).toMatchObject({ name: `${workspace.name}-v`, status: { state: 'ready' } });
  };

  it('by -replace is refused while it is planned, and says what to do instead', async () => {
    const workspace = made('replace');
    const said = workspace.failingApply('-replace=holdfast_volume.v');
    expect(said).toContain('Volume exists already');
    expect(said).toContain('leave that out');
    await unharmed(workspace);
    expect(workspace.isSettled()).toBe(true);
  });

  it('by taint is refused while it is planned and names untaint, which mends it', async () => {
    const workspace = made('taint');
    workspace.ok('taint', 'holdfast_volume.v');
    expect(workspace.failingApply()).toMatch(/Volume exists already.*terraform untaint holdfast_volume.NAME/);
    await unharmed(workspace);
    workspace.ok('untaint', 'holdfast_volume.v');
    expect(workspace.isSettled()).toBe(true);
  });

  it('by taint is refused even when nothing is refreshed', async () => {
    const workspace = made('taint-stale', 'deletion_protection = true');
    workspace.ok('taint', 'holdfast_volume.v');
    const said = workspace.failingApply('-refresh=false');
    expect(said).toMatch(/Volume exists already|protected/);
    await unharmed(workspace);
  });

  it('by replace_triggered_by is refused while it is planned', async () => {
    const workspace = stage.workspace('triggered');
    const body = (input: number): string => `${workspace.pool()}resource "terraform_data" "t" {\n  input = ${input}\n}\n${volume('v', ['lifecycle {\n    replace_triggered_by = [terraform_data.t]\n  }'])}`;
    workspace.write(body(1)).apply();
    expect(workspace.write(body(2)).failingApply()).toContain('Volume exists already');
    await unharmed(workspace);
  });

  it('by another for_each key is refused and names moved, which mends it', async () => {
    const workspace = stage.workspace('renamed');
    const body = (key: string, more = ''): string => `${workspace.pool()}resource "holdfast_volume" "v" {\n  for_each = { ${key} = "$-v" }\n  name = each.value\n  size = "64M"\n  pool = holdfast_pool.p.name\n  deletion_protection = false\n  trash_retention = "0"\n}\n${more}`;
    workspace.write(body('a')).apply();
    const said = workspace.write(body('b')).failingApply();
    expect(said).toContain('Volume exists already');
    expect(said).toContain('moved { from = holdfast_volume.OLD to = holdfast_volume.NEW }');
    await unharmed(workspace);
    workspace.write(body('b', 'moved {\n  from = holdfast_volume.v["a"]\n  to = holdfast_volume.v["b"]\n}\n'));
    expect(workspace.apply().text).toContain('0 added, 0 changed, 0 destroyed');
  });

  it('by another filesystem, pool or access is refused, since it would destroy the data', async () => {
    const workspace = made('fixed');
    expect(workspace.write(workspace.pool() + volume('v', ['fs = "xfs"'], '320M')).failingPlan()).toMatch(/Volume cannot be changed in this way.*fs = "ext4", not "xfs"/);
    const other = `resource "holdfast_pool" "q" {\n  name = "$-q"\n  path = "${stage.daemon.directory('pools/fixed-q')}"\n}\n`;
    expect(workspace.write(workspace.pool() + other + volume('v')).apply().status).toBe(0);
    expect(workspace.write(workspace.pool() + other + volume('v', ['pool = holdfast_pool.q.name'])).failingPlan()).toContain('A volume cannot be moved to another pool');
    await unharmed(workspace);
  });

  it('by another name is refused for a protected volume, and destroys an unprotected one only after saying so', async () => {
    const workspace = made('other-name', 'deletion_protection = true');
    const renamed = (protect: boolean): string => workspace.pool() + volume('v', [`deletion_protection = ${protect}`]).replace('"$-v"', '"$-w"');
    expect(workspace.write(renamed(true)).failingPlan()).toMatch(/Volume is protected.*new name would make a new volume/);
    await unharmed(workspace);
    workspace.write(workspace.pool() + volume('v')).apply();
    const old = workspace.id('holdfast_volume.v');
    const { text, changes } = workspace.write(renamed(false)).plan();
    expect(changes['holdfast_volume.v']?.actions).toEqual(['delete', 'create']);
    expect(text).toMatch(/Data of a volume will be deleted.*never attached and holds no data/);
    workspace.apply('plan');
    expect(await stage.client.volumes.find(old)).toBeNull();
  });

  it('of a snapshot is refused too, and of a pool', () => {
    const workspace = stage.workspace('others');
    workspace.write(`${workspace.pool()}${volume('v')}resource "holdfast_snapshot" "s" {\n  name = "s"\n  volume = holdfast_volume.v.id\n}\n`).apply();
    expect(workspace.failingApply('-replace=holdfast_snapshot.s')).toContain('Snapshot exists already');
    expect(workspace.failingApply('-replace=holdfast_pool.p')).toContain('Pool exists already');
    expect(workspace.isSettled()).toBe(true);
  });
});
