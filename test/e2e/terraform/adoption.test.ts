/** Rule 2: nothing that exists is taken over in silence, and no wrong answer makes Terraform forget an object. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeIf, loopDevices, terraform } from '../../lab/needs.ts';
import { startScratchDaemon } from '../../lab/scratch-daemon.ts';
import { startStage, volume, type Stage, type Workspace } from './stage.ts';

describeIf([loopDevices, terraform], 'what exists already', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await startStage(); });
  afterAll(() => stage?.end());

  /** A volume that exists, and the configuration that wants one of its name. */
  const existing = async (name: string, more: { readonly owner?: string; readonly size?: number } = {}, lines: readonly string[] = []): Promise<Workspace> => {
    const workspace = stage.workspace(name);
    workspace.write(workspace.pool()).apply();
    await stage.client.volumes.create({ name: `${workspace.name}-v`, size_bytes: more.size ?? 64 * 2 ** 20, filesystem: 'ext4', pool: `${workspace.name}-p`, owner: more.owner ?? workspace.name });
    return workspace.write(workspace.pool() + volume('v', lines));
  };
  const idOf = async (workspace: Workspace): Promise<string> => (await stage.client.volumes.get(`${workspace.name}-v`)).id;

  it('is taken up again when it is what an interrupted create of this configuration left', async () => {
    const workspace = await existing('leftover');
    const id = await idOf(workspace);
    const { text } = workspace.apply();
    expect(text).toContain('Volume of an interrupted run is taken');
    expect(workspace.id('holdfast_volume.v')).toBe(id);
    expect(workspace.isSettled()).toBe(true);
  });

  it('is refused with a block to paste when its owner is another, and the block works', async () => {
    const workspace = await existing('foreign', { owner: 'somebody' });
    const id = await idOf(workspace);
    const said = workspace.failingPlan();
    expect(said).toContain('its owner is "somebody"');
    expect(said).toContain(`import { to = holdfast_volume.NAME id = "${id}" }`);
    expect(workspace.write(`${workspace.pool()}${volume('v')}import {\n  to = holdfast_volume.v\n  id = "${id}"\n}\n`).apply().text).toMatch(/1 imported, 0 added/);
    expect(workspace.isSettled()).toBe(true);
  });

  it.each([
    ['the provider has no owner', { owner: '' }, '64M', 'the provider has no "owner"', ''],
    ['it differs', {}, '128M', 'it differs: size is 64M, not 128M', undefined],
  ] as const)('is refused when %s', async (_why, object, size, words, owner) => {
    const workspace = await existing('refused', object);
    workspace.write(workspace.pool() + volume('v', [], size), owner === undefined ? {} : { owner });
    expect(workspace.failingPlan()).toContain(words);
  });

  it('is refused when it was ever attached, since it may hold data', async () => {
    const workspace = await existing('attached');
    await stage.client.volumes.attach(await idOf(workspace));
    await stage.client.volumes.detach(await idOf(workspace));
    expect(workspace.failingPlan()).toContain('it was attached before (generation 1), so it may hold data');
  });

  it('is refused when another address of the same state holds it, at plan or at apply', async () => {
    const workspace = stage.workspace('twice');
    workspace.write(workspace.pool() + volume('v') + volume('v').replace('"v"', '"w"'));
    expect(workspace.plan().text).toContain('Two resources of this configuration declare the volume');
    expect(workspace.failingApply()).toMatch(/Name is declared twice|this state holds it already/);
    expect(await stage.client.volumes.list({ name: `${workspace.name}-v` }).all()).toHaveLength(1);
  });

  it('answers of another cluster are refused, and forget nothing', async () => {
    const workspace = stage.workspace('other-cluster');
    workspace.write(workspace.pool() + volume('v')).apply();
    const other = await startScratchDaemon();
    try {
      const said = workspace.write(workspace.pool() + volume('v'), { endpoint: `"${other.endpoint}"` }).failingPlan();
      expect(said).toContain('Another cluster answered');
      expect(workspace.failing('destroy', '-auto-approve')).toContain('Another cluster answered');
    } finally {
      await other.end();
    }
    expect(workspace.failingPlan()).toMatch(/No answer from Holdfast.*there is no socket/);
    expect(workspace.attributes('holdfast_volume.v')).toBeDefined();
    workspace.write(workspace.pool() + volume('v'));
    expect(workspace.isSettled()).toBe(true);
  });

  it('one that was removed elsewhere is made again, but one in the trash is an error with the way back', async () => {
    const workspace = stage.workspace('gone');
    workspace.write(workspace.pool() + volume('v', ['trash_retention = "7d"'])).apply();
    const id = workspace.id('holdfast_volume.v');
    await stage.client.volumes.remove(id);
    expect(workspace.failingPlan()).toMatch(new RegExp(`Volume is in the trash.*holdfast trash restore ${id}`));
    await stage.client.trash.restore(id);
    expect(workspace.isSettled()).toBe(true);
    await stage.client.volumes.remove(id, { purge: true });
    expect(workspace.plan().changes['holdfast_volume.v']?.actions).toEqual(['create']);
    workspace.apply();
    expect(workspace.id('holdfast_volume.v')).not.toBe(id);
  });
});
