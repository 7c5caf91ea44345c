/**
 * A corner of the real machine for one test file: a temporary `--root`, directories, block devices made of files, and
 * the real DataPlane. Whatever happens, `close` takes down only what lies below its own directory.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync, existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DataPlane } from '../../../src/control/ports/data-plane.ts';
import type { Clock, Log } from '../../../src/control/ports/system.ts';
import { createDataPlane } from '../../../src/node/data-plane.ts';
import { growsWhileMounted } from '../../../src/node/filesystem-size.ts';
import { readLoopDevices } from '../../../src/node/loop-device.ts';
import { readMounts } from '../../../src/node/mountinfo.ts';
import type { PoolKind, PoolSpec } from '../../../src/model/pool.ts';
import { GIB } from '../../../src/model/bytes.ts';
import type { Harness } from '../../contract/data-plane.contract.ts';

export const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export interface TestMachine extends Harness {
  readonly directory: string;
  /** A new block device: a loop device on a file. */
  blockDevice(sizeBytes?: number): string;
  freeDevice(device: string): void;
  path(kind: string): string;
  attachFile(file: string): string;
}

export function openMachine(kind: PoolKind = 'directory'): TestMachine {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-node-'));
  const root = path.join(directory, 'root');
  mkdirSync(root);
  const create = (): DataPlane => createDataPlane({ root, log: quiet, clock });
  let plane = create();
  let next = 0;
  const at = (name: string): string => path.join(directory, `${name}-${next++}`);
  const made = (name: string): string => {
    const place = at(name);
    mkdirSync(place);
    return place;
  };
  const attachFile = (file: string): string => execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
  const blockDevice = (sizeBytes = 2 * GIB): string => {
    const file = at('device.img');
    writeFileSync(file, '');
    truncateSync(file, sizeBytes);
    return attachFile(file);
  };
  return {
    directory,
    root,
    plane: () => plane,
    restart: async () => {
      plane = create();
    },
    emptyDirectory: async () => made('directory'),
    fullDirectory: async () => {
      const place = made('full');
      writeFileSync(path.join(place, 'file'), 'x');
      return place;
    },
    file: async () => {
      const place = at('file');
      writeFileSync(place, 'x');
      return place;
    },
    freePath: async () => at('free'),
    missingPath: async () => at('missing'),
    poolSpec: async (): Promise<PoolSpec> => (kind === 'directory'
      ? { kind, path: made('pool'), devices: [], overcommit: 1, class: 'any' }
      : { kind, path: null, devices: [blockDevice()], overcommit: 1, class: 'any' }),
    loseMarker: async (pool) => rmSync(path.join(pool.spec.path ?? '', 'holdfast-pool.json')),
    growsMounted: growsWhileMounted,
    write: (mountPath, file, text) => writeFile(path.join(mountPath, file), text),
    read: async (mountPath, file) => readFile(path.join(mountPath, file), 'utf8').catch(() => null),
    blockDevice,
    freeDevice: (device) => execFileSync('losetup', ['--detach', device]),
    attachFile,
    path: at,
    close: async () => {
      // Volumes lie in pools that lie on devices: taken down from the inside out, until nothing is left.
      for (let round = 0; round < 8; round += 1) {
        for (const mount of readMounts().filter((entry) => entry.mountPoint.startsWith(`${directory}/`)).reverse()) {
          quietly(() => execFileSync('umount', [mount.mountPoint], { stdio: 'ignore' }));
        }
        const loops = readLoopDevices().filter((loop) => loop.backing_path.startsWith(`${directory}/`));
        for (const loop of loops) quietly(() => execFileSync('losetup', ['--detach', loop.path], { stdio: 'ignore' }));
        if (loops.length === 0) break;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function quietly(attempt: () => void): void {
  try {
    attempt();
  } catch {
    // The next round tries again; what stays shows as an error of rmSync.
  }
}

/** Every file below a directory, for telling that nothing was touched. */
export function listFiles(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
}

export const readText = (file: string): string => readFileSync(file, 'utf8');
