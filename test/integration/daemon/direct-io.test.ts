import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { daemonProcess, type DaemonProcess } from './process.ts';

let daemon: DaemonProcess;
beforeEach(async () => { daemon = await daemonProcess(); });
afterEach(async () => daemon.end());

it.each(['xfs', 'ext4'] as const)('a volume of %s has direct I/O, also when it shares blocks with a snapshot', async (filesystem) => {
  const disk = path.join(daemon.root, 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, 2 * 1024 ** 3);
  const device = execFileSync('losetup', ['--direct-io=on', '--show', '-f', disk], { encoding: 'utf8' }).trim();
  await daemon.client.pools.create({ name: 'p', kind: 'device', devices: [device] });
  await daemon.client.volumes.create({ name: 'v', size_bytes: 400 * 1024 ** 2, filesystem });
  const directIo = async (): Promise<string> => {
    const volume = await daemon.client.volumes.attach('v');
    const flag = execFileSync('losetup', ['-n', '-O', 'DIO', '-l', volume.status.device ?? ''], { encoding: 'utf8' }).trim();
    await daemon.client.volumes.detach('v');
    return flag;
  };
  expect(await directIo()).toBe('1');
  await daemon.client.snapshots.create({ volume: 'v', name: 's' });
  expect(await directIo()).toBe('1');
  await daemon.client.snapshots.restore('v@s');
  expect(await directIo()).toBe('1');
});
