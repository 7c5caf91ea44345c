/** Rule 6: a size is a declared minimum, however it is written; `size_bytes` is the real one. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeIf, loopDevices, terraform } from '../../lab/needs.ts';
import { startStage, volume, type Stage, type Workspace } from './stage.ts';

const MIB = 2 ** 20;

describeIf([loopDevices, terraform], 'the size of a volume', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await startStage(); });
  afterAll(() => stage?.end());

  const sized = (workspace: Workspace, size: string): Workspace => workspace.write(workspace.pool() + volume('v', [], size));
  const made = (name: string, size: string): Workspace => {
    const workspace = sized(stage.workspace(name), size);
    workspace.apply();
    return workspace;
  };

  it('may be written in any unit: only the number of bytes counts', () => {
    const workspace = made('units', '1G');
    for (const size of ['1GiB', '1gb', '1024M', '1048576K']) {
      sized(workspace, size);
      expect([size, workspace.isSettled()]).toEqual([size, true]);
    }
    expect(workspace.attributes('holdfast_volume.v')).toMatchObject({ size: '1G', size_bytes: 1024 * MIB });
  });

  it('grows in place, and the plan says by how much', () => {
    const workspace = made('grow', '64M');
    const id = workspace.id('holdfast_volume.v');
    const { changes } = sized(workspace, '128M').plan();
    expect(changes['holdfast_volume.v']).toMatchObject({ actions: ['update'], after: { id, size_bytes: 128 * MIB, data_effects: 'grows from 64 MiB to 128 MiB' } });
    workspace.apply('plan');
    expect(workspace.attributes('holdfast_volume.v')).toMatchObject({ id, size: '128M', size_bytes: 128 * MIB, data_effects: 'grows from 64 MiB to 128 MiB' });
    expect(workspace.isSettled()).toBe(true);
  });

  it('is no difference when it was grown elsewhere, only a warning; less than before is refused', async () => {
    const workspace = made('elsewhere', '64M');
    await stage.client.volumes.resize(workspace.id('holdfast_volume.v'), 256 * MIB);
    const planned = workspace.run(['plan', '-no-color', '-detailed-exitcode']);
    expect(planned.status).toBe(0);
    expect(planned.text).toContain('has 256 MiB; 64M is declared, which is a minimum');
    // More than declared, less than it has: declared anew, nothing to grow.
    const { changes } = sized(workspace, '128M').plan();
    expect(changes['holdfast_volume.v']?.after).toMatchObject({ size: '128M', size_bytes: 256 * MIB, data_effects: 'changes no data' });
    workspace.apply('plan');
    expect(workspace.isSettled()).toBe(true);
    expect(sized(workspace, '100M').failingPlan()).toMatch(/Volumes do not shrink.*declared with 128M \(it has 256 MiB\); 100M is less/);
  });

  it('is declared by the first configuration after an import', async () => {
    const workspace = stage.workspace('imported');
    workspace.write(workspace.pool()).apply();
    await stage.client.volumes.create({ name: `${workspace.name}-v`, size_bytes: 256 * MIB, filesystem: 'ext4', pool: `${workspace.name}-p`, trash_retention_ms: 0 });
    sized(workspace, '64M').ok('import', 'holdfast_volume.v', `${workspace.name}-v`);
    expect(workspace.isSettled()).toBe(true);
    sized(workspace, '300M').apply();
    expect(workspace.attributes('holdfast_volume.v')).toMatchObject({ size: '300M', size_bytes: 300 * MIB });
    expect(sized(workspace, '64M').failingPlan()).toContain('Volumes do not shrink');
  });

  it('that cannot be is refused by validate, naming the size', () => {
    const workspace = stage.workspace('bad');
    for (const [size, words] of [['10', 'Write the unit'], ['0G', 'more than zero'], ['1.5G', '1536M instead of 1.5G'], ['2E', 'is not a size'], ['1M', 'less than the smallest volume'], ['2P', 'more than the largest volume']] as const) {
      expect(sized(workspace, size).failing('validate')).toContain(words);
    }
    expect(workspace.write(workspace.pool() + volume('v', ['fs = "xfs"'], '100M')).failing('validate')).toContain('XFS cannot be made on 100M');
  });
});
