/** Rule 5: what is protected is not destroyed, and what is destroyed can be had back for as long as was said. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { describeIf, loopDevices, terraform } from '../../lab/needs.ts';
import { startStage, volume, type Stage, type Workspace } from './stage.ts';

describeIf([loopDevices, terraform], 'destroying a volume', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await startStage(); });
  afterAll(() => stage?.end());

  const made = (name: string, ...lines: string[]): Workspace => {
    const workspace = stage.workspace(name);
    workspace.write(workspace.pool() + volume('v', lines)).apply();
    return workspace;
  };

  it('is refused while it is planned when nothing was said, by destroy and by leaving it out; the way out works', async () => {
    const workspace = stage.workspace('protected');
    const body = (more: string): string => `${workspace.pool()}resource "holdfast_volume" "v" {\n  name = "$-v"\n  size = "64M"\n  pool = holdfast_pool.p.name\n  ${more}\n}\n`;
    workspace.write(body('')).apply();
    const id = workspace.id('holdfast_volume.v');
    expect(workspace.attributes('holdfast_volume.v')).toMatchObject({ deletion_protection: true, trash_retention: '7d' });
    for (const said of [workspace.failing('destroy', '-auto-approve'), workspace.write(workspace.pool()).failingPlan()]) {
      expect(said).toContain('Volume is protected');
      expect(said).toContain('set deletion_protection = false, apply, then destroy');
    }
    workspace.write(body('deletion_protection = false'));
    expect(workspace.failing('destroy', '-auto-approve')).toContain('Volume is protected'); // not applied yet
    workspace.apply();
    workspace.destroy('-target=holdfast_volume.v');
    expect(await stage.client.volumes.get(id)).toMatchObject({ status: { state: 'trashed' } });
  });

  it('is refused by the daemon too, for a plan that was made before it was protected', async () => {
    const workspace = made('stale');
    workspace.ok('plan', '-destroy', '-out=plan');
    await stage.client.volumes.update(workspace.id('holdfast_volume.v'), { deletion_protection: true });
    expect(workspace.failing('apply', 'plan')).toContain('is protected from deletion');
    expect(await stage.client.volumes.get(workspace.id('holdfast_volume.v'))).toMatchObject({ status: { state: 'ready' } });
  });

  it('can be given up with a removed block, which leaves it as it is', async () => {
    const workspace = made('removed', 'deletion_protection = true');
    const id = workspace.id('holdfast_volume.v');
    workspace.write(`${workspace.pool()}removed {\n  from = holdfast_volume.v\n  lifecycle {\n    destroy = false\n  }\n}\n`).apply();
    expect(workspace.attributes('holdfast_volume.v')).toBeUndefined();
    expect(await stage.client.volumes.get(id)).toMatchObject({ status: { state: 'ready' } });
  });

  it('follows the default of the provider where the volume says nothing', async () => {
    const workspace = stage.workspace('defaults');
    const body = `${workspace.pool()}resource "holdfast_volume" "v" {\n  name = "$-v"\n  size = "64M"\n  pool = holdfast_pool.p.name\n  trash_retention = "0"\n}\n`;
    workspace.write(body, { defaults: '{ deletion_protection = false, if_trashed = "new" }' }).apply();
    expect(workspace.attributes('holdfast_volume.v')).toMatchObject({ deletion_protection: false, if_trashed: 'new' });
    workspace.write(body).apply();
    expect(workspace.attributes('holdfast_volume.v')).toMatchObject({ deletion_protection: true, if_trashed: 'new' });
    workspace.write(body, { defaults: '{ deletion_protection = false }' }).apply();
    workspace.destroy();
    expect(await stage.client.trash.list({ name: `${workspace.name}-v` }).all()).toEqual([]);
  });

  it('says in the plan how much goes, when it was last written, and whether it is kept', async () => {
    const workspace = stage.workspace('effects');
    workspace.write(`${workspace.pool()}${volume('v', ['trash_retention = "12h"'])}`).apply();
    const id = workspace.id('holdfast_volume.v');
    const { mount_path } = await stage.client.volumes.publish(id, { consumer: 'test' });
    execFileSync('sh', ['-c', `yes | head -c 20M > ${mount_path}/data && sync ${mount_path}/data`]);
    await stage.client.snapshots.create({ volume: id, name: 'monday' });
    expect(workspace.plan('-destroy').text).toMatch(/Volume is in use/);
    await stage.client.volumes.unpublish(id, { consumer: 'test' });
    const { text } = workspace.plan('-destroy');
    expect(text).toMatch(/deletes 2\d(\.\d+)? MiB last written at \d{4}-\d\d-\d\dT[\d:.]+Z, 1 snapshot \(monday\)/);
    expect(text).toContain('kept in the trash for 0.5 day(s)');
  });

  it('frees the name, and the next one of it says what to do about the trash', async () => {
    const workspace = made('trash', 'trash_retention = "7d"');
    const old = workspace.id('holdfast_volume.v');
    workspace.write(workspace.pool()).apply();
    const again = (word: string): Workspace => workspace.write(workspace.pool() + volume('v', ['trash_retention = "7d"', `if_trashed = "${word}"`]));
    expect(again('refuse').failingPlan()).toMatch(/is in the trash since.*if_trashed = "restore" takes it back/);
    const planned = again('restore').plan();
    expect(planned.changes['holdfast_volume.v']?.after).toMatchObject({ data_effects: `takes back volume ${old} of this name from the trash, with its data (64 MiB)` });
    workspace.apply('plan');
    expect(workspace.id('holdfast_volume.v')).toBe(old);
    expect(workspace.isSettled()).toBe(true);
    workspace.write(workspace.pool()).apply();
    again('new').apply();
    expect(workspace.id('holdfast_volume.v')).not.toBe(old);
    expect((await stage.client.trash.list({ name: `${workspace.name}-v` }).all()).map(({ id }) => id)).toEqual([old]);
    expect(workspace.isSettled()).toBe(true);
  });

  it('of a pool is refused while a volume stays in it, and works together with its volumes', async () => {
    const workspace = made('pool');
    const { id } = await stage.client.volumes.create({ name: `${workspace.name}-other`, size_bytes: 64 * 2 ** 20, pool: `${workspace.name}-p` });
    expect(workspace.failing('plan', '-destroy')).toMatch(/Pool is not empty.*holds 2 volume\(s\), and 1 of them would stay: .*-other/);
    await stage.client.volumes.remove(id, { purge: true });
    expect(workspace.destroy().text).toContain('Destroy complete! Resources: 2 destroyed');
  });
});
