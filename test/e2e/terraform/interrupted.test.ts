/** Rules 1 and 2: an apply that is interrupted or killed in the middle of a create loses nothing and leaves nothing in the way. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Operation } from '../../../src/model/operation.ts';
import { describeIf, loopDevices, terraform } from '../../lab/needs.ts';
import { startStage, volume, type Stage, type Workspace } from './stage.ts';

/** What a clone has to copy, so that its create takes long enough to be interrupted. */
const COPIED = '640M';

describeIf([loopDevices, terraform], 'an apply that is interrupted', () => {
  let stage: Stage;
  let source: Workspace;
  let snapshot: string;

  beforeAll(async () => {
    stage = await startStage();
    source = stage.workspace('source');
    source.write(source.pool() + volume('big', ['fs = "ext4"'], '1G')).apply();
    // Data that no filesystem leaves out, in a pool that cannot share blocks: cloning it is a copy.
    const { mount_path } = await stage.client.volumes.publish(source.id('holdfast_volume.big'), { consumer: 'test' });
    execFileSync('sh', ['-c', `yes holdfast | head -c ${COPIED} > ${mount_path}/data && sync ${mount_path}/data`]);
    await stage.client.volumes.unpublish(source.id('holdfast_volume.big'), { consumer: 'test' });
    snapshot = (await stage.client.snapshots.create({ volume: source.id('holdfast_volume.big'), name: 's' })).id;
  }, 300_000);
  afterAll(() => stage?.end());
  afterEach(async () => {
    for await (const one of stage.client.volumes.list()) if (one.spec.source_snapshot !== null) await stage.client.volumes.remove(one.id, { purge: true });
  });

  const clone = (name: string, more = ''): Workspace => stage.workspace(name).write(`resource "holdfast_volume" "c" {\n  name = "$-c"\n  size = "1G"\n  source_snapshot = "${snapshot}"\n  deletion_protection = false\n  trash_retention = "0"\n  ${more}\n}\n`);
  const operations = async (kind: string, name: string, running: boolean): Promise<Operation[]> => (await stage.client.operations.list({ running }).all()).filter((one) => one.kind === kind && one.target.name === name);
  /** The copy has begun. */
  const copying = (workspace: Workspace) => async (): Promise<boolean> => (await operations('volume.create', `${workspace.name}-c`, true)).some(({ done }) => done > 0);
  const over = async (workspace: Workspace): Promise<void> => {
    while ((await operations('volume.create', `${workspace.name}-c`, true)).length > 0) await pause(50);
  };
  const found = (workspace: Workspace) => stage.client.volumes.find(`${workspace.name}-c`);

  it('by Ctrl-C takes the volume back, keeps no state of it, and the next apply makes it', async () => {
    const workspace = clone('ctrl-c');
    const { group, exit, output } = await workspace.start(copying(workspace));
    process.kill(group, 'SIGINT');
    expect(await exit).not.toBe(0);
    expect(output()).toMatch(/Operation cancelled|was cancelled/);
    expect(await found(workspace)).toBeNull();
    expect(await operations('volume.create', `${workspace.name}-c`, false)).toMatchObject([{ state: 'cancelled' }]);
    expect(workspace.attributes('holdfast_volume.c')).toBeUndefined();
    expect(workspace.apply().text).toContain('1 added');
    expect(workspace.isSettled()).toBe(true);
  }, 300_000);

  it('by its own timeout does the same', async () => {
    const workspace = clone('timeout', 'timeouts = { create = "200ms" }');
    expect(workspace.failingApply()).toMatch(/Operation timed out|was cancelled/);
    expect(await found(workspace)).toBeNull();
    expect(workspace.attributes('holdfast_volume.c')).toBeUndefined();
  }, 300_000);

  it('by a kill of terraform alone takes the volume back, since the provider notices', async () => {
    const workspace = clone('kill-terraform');
    const { child, exit } = await workspace.start(copying(workspace));
    child.kill('SIGKILL');
    await exit;
    await over(workspace);
    expect(await found(workspace)).toBeNull();
    expect(workspace.apply().text).toContain('1 added');
  }, 300_000);

  it('by a kill of terraform and the provider leaves a clone that is not taken in silence, but can be imported', async () => {
    const workspace = clone('kill-all');
    const { group, exit } = await workspace.start(copying(workspace));
    process.kill(group, 'SIGKILL');
    await exit;
    await over(workspace);
    const left = await found(workspace);
    expect(left).toMatchObject({ status: { state: 'ready' } });
    const said = workspace.failingApply();
    expect(said).toMatch(/Volume exists already.*it is a clone, so it holds data/);
    expect(said).toContain(`import { to = holdfast_volume.NAME id = "${left?.id}" }`);
    workspace.ok('import', 'holdfast_volume.c', left?.id ?? '');
    workspace.apply();
    expect(workspace.isSettled()).toBe(true);
    expect(workspace.id('holdfast_volume.c')).toBe(left?.id);
  }, 300_000);

  it('by the loss of the daemon keeps the volume as incomplete, and the next apply finishes it in place', async () => {
    const workspace = clone('daemon-lost');
    const { exit, output } = await workspace.start(copying(workspace));
    const left = await found(workspace);
    stage.daemon.process.kill('SIGKILL'); // the provider is patient for half a minute
    expect(await exit).toBe(0);
    expect(output()).toContain('Volume is incomplete');
    expect(workspace.attributes('holdfast_volume.c')).toMatchObject({ id: left?.id, state: 'incomplete' });
    await stage.daemon.restart();
    const { text } = workspace.apply();
    expect(text).toMatch(/0 added, [01] changed, 0 destroyed/);
    expect(workspace.attributes('holdfast_volume.c')).toMatchObject({ id: left?.id, state: 'ready' });
    expect(workspace.isSettled()).toBe(true);
  }, 300_000);

  it('by a kill in the middle of many creates is made up for by the next apply, which takes what is left and makes the rest', async () => {
    const workspace = stage.workspace('many');
    workspace.write(`${workspace.pool()}resource "holdfast_volume" "v" {\n  count = 40\n  name = "$-\${count.index}"\n  size = "16M"\n  pool = holdfast_pool.p.name\n  deletion_protection = false\n  trash_retention = "0"\n}\n`);
    const mine = async (): Promise<string[]> => (await stage.client.volumes.list({ owner: workspace.name }).all()).map(({ id }) => id);
    const { group, exit } = await workspace.start(async () => (await mine()).length >= 5);
    process.kill(group, 'SIGKILL');
    await exit;
    while ((await stage.client.operations.list({ running: true }).all()).length > 0) await pause(50);
    const before = await mine();
    workspace.apply();
    expect(workspace.isSettled()).toBe(true);
    const after = await mine();
    expect(after).toHaveLength(40);
    expect(before.filter((id) => !after.includes(id))).toEqual([]);
    workspace.destroy();
  }, 300_000);

  it('while a snapshot is copied takes the snapshot back', async () => {
    const workspace = stage.workspace('snapshot');
    workspace.write(`resource "holdfast_snapshot" "s" {\n  name = "$-s"\n  volume = "${source.id('holdfast_volume.big')}"\n}\n`);
    const { group, exit } = await workspace.start(async () => (await stage.client.operations.list({ running: true }).all()).some(({ kind, done }) => kind === 'snapshot.create' && done > 0));
    process.kill(group, 'SIGINT');
    expect(await exit).not.toBe(0);
    expect((await stage.client.snapshots.list().all()).map(({ name }) => name)).toEqual(['s']);
    expect(workspace.apply().text).toContain('1 added');
    workspace.destroy();
  }, 300_000);

  it('a change that waits for another operation of its volume is done when that is over', async () => {
    const workspace = stage.workspace('waits');
    workspace.write(`resource "holdfast_snapshot" "s" {\n  name = "$-s"\n  volume = "${source.id('holdfast_volume.big')}"\n}\n`);
    const taking = stage.client.snapshots.create({ volume: source.id('holdfast_volume.big'), name: 'meanwhile' });
    while (!(await stage.client.operations.list({ running: true }).all()).some(({ kind }) => kind === 'snapshot.create')) await pause(5);
    expect(workspace.apply().text).toContain('1 added');
    await taking;
    workspace.destroy();
    await stage.client.snapshots.remove(`${source.id('holdfast_volume.big')}@meanwhile`);
  }, 300_000);
});
