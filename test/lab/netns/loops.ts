// Loop devices belong to the kernel, not to a node. Those that a node attached are told by the device number of their
// backing file: that of the node's root or of a file system on a loop device of the node. Nothing else is touched.
import { lstatSync } from 'node:fs';
import { must, run } from '../run.ts';

interface Loop {
  readonly name: string;
  /** Device number of the loop device itself, `major:minor`. */
  readonly device: string;
  /** Device number of the file system that holds its backing file. */
  readonly backing: string;
  readonly inode: string;
  readonly file: string;
}

/** Whose loop devices are meant. */
export interface Owner {
  /** Device numbers of the file systems that backing files lie on. */
  readonly devices: readonly number[];
  /**
   * Where the file system's files lie on the host. Given when it may have ended already, and its device number may be
   * another's by now: only what is a file of this folder, under the same inode number, counts then.
   */
  readonly files?: string;
  /** Backing files below this folder of the host, whatever their device. */
  readonly folder?: string;
  /** What lies on loop devices whose backing files are below this folder of the host, but not those devices. */
  readonly carriers?: string;
}

async function attached(): Promise<Loop[]> {
  const text = await must(['losetup', '--list', '--json', '--output', 'NAME,MAJ:MIN,BACK-MAJ:MIN,BACK-INO,BACK-FILE']);
  if (text.trim() === '') return [];
  const { loopdevices } = JSON.parse(text) as { loopdevices: Record<string, string | number | null>[] };
  const plain = (value: string | number | null | undefined) => String(value ?? '').replaceAll(' ', '');
  return loopdevices.map((row) => ({ name: plain(row['name']), device: plain(row['maj:min']), backing: plain(row['back-maj:min']), inode: plain(row['back-ino']), file: String(row['back-file'] ?? '') }));
}

/** `st_dev` as `major:minor`. */
export function deviceText(dev: number): string {
  const value = BigInt(dev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn);
  const minor = (value & 0xffn) | ((value >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

/** The loop devices of an owner, and those on file systems that lie on them: innermost last. */
export async function loopsOf(owner: Owner): Promise<string[]> {
  const loops = await attached();
  const known = new Set(owner.devices.map(deviceText));
  const { carriers } = owner;
  const nested = new Set(carriers === undefined ? [] : loops.filter((loop) => loop.file.startsWith(`${carriers}/`)).map((loop) => loop.device));
  const found: Loop[] = [];
  const belongs = (loop: Loop): boolean => nested.has(loop.backing)
    || (owner.folder !== undefined && loop.file.startsWith(`${owner.folder}/`))
    || (known.has(loop.backing) && (owner.files === undefined || inodeOf(`${owner.files}${loop.file}`) === loop.inode));
  for (let grew = true; grew;) {
    grew = false;
    for (const loop of loops) {
      if (found.includes(loop) || !belongs(loop)) continue;
      found.push(loop);
      nested.add(loop.device);
      grew = true;
    }
  }
  return found.map((loop) => loop.name);
}

const inodeOf = (file: string): string | undefined => lstatSync(file, { bigint: true, throwIfNoEntry: false })?.ino.toString();

/** Detaches them, as the end of a machine would; those that others lie on come last. Gives those that stayed. */
export async function detachLoops(owner: Owner): Promise<string[]> {
  for (let round = 0; round < 50; round += 1) {
    const left = await loopsOf(owner);
    if (left.length === 0) return [];
    for (const name of left.reverse()) await run(['losetup', '--detach', name]);
    await new Promise((resolve) => setTimeout(resolve, round < 5 ? 20 : 200));
  }
  return loopsOf(owner);
}
