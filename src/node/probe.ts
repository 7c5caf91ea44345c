/** What this machine's kernel and tools offer, each with the reason why not. Tries, rather than guesses. */
import { accessSync, closeSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MIB } from '../model/bytes.ts';
import { NODE_FEATURES, type NodeCapabilities, type NodeFeature } from '../model/node.ts';
import { run } from './command.ts';
import { messageOf } from './durable-file.ts';
import type { NodeLayout } from './layout.ts';
import { attachLoop, identityOf, probeLoopControl, readLoopDevices, isSameFile, waitUntilGone } from './loop-device.ts';
import { prepareMountsDirectory, propagates } from './volume-mount.ts';

type Answer = { readonly available: boolean; readonly reason: string };
const YES: Answer = { available: true, reason: '' };
const no = (reason: string): Answer => ({ available: false, reason });

/** Id of this boot: mounts and devices do not outlive it. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

export async function probeNode(layout: NodeLayout, bootId: string): Promise<NodeCapabilities> {
  const probes: Record<NodeFeature, () => Answer | Promise<Answer>> = {
    loop: () => tried(probeLoopControl, 'load it: modprobe loop'),
    loop_direct_io: () => probeDirectIo(layout),
    xfs: () => filesystem('xfs', 'mkfs.xfs', 'xfsprogs'),
    ext4: () => filesystem('ext4', 'mkfs.ext4', 'e2fsprogs'),
    fuse: async () => ((await knowsFilesystem('fuse')) ? tried(() => accessSync('/dev/fuse'), 'there is no /dev/fuse') : no('the kernel has no FUSE')),
    nbd: async () => ((await hasModule('nbd', () => existsSync('/sys/block/nbd0'))) ? YES : no('the kernel has no nbd module')),
    nfs_client: async () => ((await knowsFilesystem('nfs4', 'nfsv4')) || (await knowsFilesystem('nfs')) ? YES : no('the kernel has no NFS client')),
    device_mapper: async () => ((await hasModule('dm_mod', () => existsSync('/dev/mapper/control') || / device-mapper$/m.test(readFileSync('/proc/devices', 'utf8')))) ? YES : no('the kernel has no device-mapper, so volumes cannot be encrypted')),
    mount_propagation: async () => {
      await prepareMountsDirectory(layout);
      return propagates(layout) ? YES : no(`mounts below ${layout.mounts} do not propagate to other mount namespaces`);
    },
  };
  const answers = await Promise.all(NODE_FEATURES.map(async (feature) => {
    try {
      return [feature, await probes[feature]()] as const;
    } catch (thrown) {
      return [feature, no(messageOf(thrown))] as const;
    }
  }));
  return {
    kernel: os.release(),
    boot_id: bootId,
    machine_id: readMachineId(),
    features: Object.fromEntries(answers) as unknown as NodeCapabilities['features'],
  };
}

function tried(attempt: () => void, hint: string): Answer {
  try {
    attempt();
    return YES;
  } catch (thrown) {
    return no(`${messageOf(thrown)} (${hint})`);
  }
}

const readMachineId = (): string => {
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  }
  return '';
};

const listsFilesystem = (type: string): boolean => readFileSync('/proc/filesystems', 'utf8').split('\n').some((line) => line.split('\t').at(-1) === type);

const knowsFilesystem = (type: string, module = type): Promise<boolean> => hasModule(module, () => listsFilesystem(type));

/** Whether it is there, or there after its module was asked for. */
async function hasModule(module: string, isThere: () => boolean): Promise<boolean> {
  if (isThere()) return true;
  try {
    await run('modprobe', ['-q', module], { timeoutMs: 30_000 });
  } catch {
    return false;
  }
  return isThere();
}

async function filesystem(type: string, program: string, from: string): Promise<Answer> {
  if (!(await knowsFilesystem(type))) return no(`the kernel does not know ${type}`);
  try {
    await run(program, ['-V'], { timeoutMs: 30_000 });
    return YES;
  } catch {
    return no(`${program} is not installed (apt-get install ${from})`);
  }
}

/** Tried in the daemon's own directory; a pool on another kind of filesystem tells its volumes' own answer. */
async function probeDirectIo(layout: NodeLayout): Promise<Answer> {
  await mkdir(layout.traces, { recursive: true, mode: 0o700 });
  const file = path.join(layout.traces, `probe-${process.pid}.img`);
  try {
    const handle = await open(file, 'w', 0o600);
    try {
      await handle.truncate(MIB);
    } finally {
      await handle.close();
    }
    const identity = identityOf(await stat(file, { bigint: true }));
    const loop = await attachLoop(file, { size_bytes: MIB, sector_bytes: 512, temporary: true });
    try {
      const seen = readLoopDevices().find((device) => isSameFile(device.backing, identity));
      return seen?.direct_io === true ? YES : no(`the filesystem of ${layout.traces} takes no direct I/O of 512 bytes, so its loop devices are buffered`);
    } finally {
      if (loop.heldBy !== null) closeSync(loop.heldBy);
      await waitUntilGone(identity);
    }
  } finally {
    await rm(file, { force: true });
  }
}
