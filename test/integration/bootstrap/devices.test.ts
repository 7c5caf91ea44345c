/** Pools of devices by node.json: somebody else's data is never formatted, and what was refused is gone on with. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command, describeIf, filesystem, loopDevices } from '../../lab/needs.ts';
import { createMachines, type Machine, type Machines } from './machines.ts';

describeIf([loopDevices, filesystem('xfs'), command('mkfs.ext4')], 'a machine with devices', () => {
  let machines: Machines;
  let n1: Machine;
  const devices: string[] = [];
  beforeAll(() => {
    machines = createMachines();
    n1 = machines.add('n1');
    mkdirSync(n1.root, { recursive: true });
    for (const name of ['a', 'b']) {
      const file = path.join(n1.root, `${name}.img`);
      writeFileSync(file, '');
      truncateSync(file, 512 * 2 ** 20);
      devices.push(execFileSync('losetup', ['--show', '-f', file], { encoding: 'utf8' }).trim());
    }
  });
  afterAll(() => machines.end());

  const named = async (): Promise<string[]> => (await n1.converge()).changes.map(({ what, name, action }) => `${what} ${name} ${action}`);

  it('refuses one that carries something, leaves that as it is, and takes it when it was cleared', async () => {
    const device = devices[0] ?? '';
    execFileSync('mkfs.ext4', ['-q', '-L', 'precious', device]);
    n1.describe({ pools: [{ name: 'fast', devices: [device] }] });
    const { status, err } = await n1.holdfast(['node', 'converge', '--config', n1.nodeFile, '--root', n1.root]);
    expect([status, err]).toEqual([4, expect.stringMatching(/is not empty: it carries .*ext4/)]);
    expect(err).toContain(`wipefs -a ${device}`);
    expect(execFileSync('blkid', ['-p', '-s', 'LABEL', '-o', 'value', device], { encoding: 'utf8' }).trim()).toBe('precious');
    execFileSync('wipefs', ['-q', '-a', device]);
    // The rest of the machine was made before.
    expect(await named()).toEqual(['pool fast create']);
    expect(await named()).toEqual([]);
  });

  it('knows a device by the name that it was given, also when that is a link', async () => {
    const link = path.join(n1.root, 'by-id');
    symlinkSync(devices[1] ?? '', link);
    n1.describe({ pools: [{ name: 'fast', devices: [devices[0], link] }] });
    expect(await named()).toEqual(['pool fast grow']);
    expect(await named()).toEqual([]);
    await n1.kill('holdfastd');
    expect(await named()).toEqual(['service holdfastd start']);
  });
});
