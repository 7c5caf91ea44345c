// Loop devices belong to the kernel, not to a node. Those that a node attached are told by the device number of their
// backing file: that of the node's root or of a file system on a loop device of the node. Nothing else is touched.
import { must, run } from '../run.ts';

interface Loop {
  readonly name: string;
  /** Device number of the loop device itself, `major:minor`. */
  readonly device: string;
  /** Device number of the file system that holds its backing file. */
  readonly backing: string;
  readonly file: string;
}

async function attached(): Promise<Loop[]> {
  const text = await must(['losetup', '--list', '--json', '--output', 'NAME,MAJ:MIN,BACK-MAJ:MIN,BACK-FILE']);
  if (text.trim() === '') return [];
  const { loopdevices } = JSON.parse(text) as { loopdevices: Record<string, string | null>[] };
  const plain = (value: string | null | undefined) => (value ?? '').replaceAll(' ', '');
  return loopdevices.map((row) => ({ name: plain(row['name']), device: plain(row['maj:min']), backing: plain(row['back-maj:min']), file: row['back-file'] ?? '' }));
}

/** `st_dev` as `major:minor`. */
export function deviceText(dev: number): string {
  const value = BigInt(dev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn);
  const minor = (value & 0xffn) | ((value >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

/** The loop devices on files of these devices, and those on file systems that lie on them: innermost last. */
export async function loopsOn(devices: readonly number[], folder?: string): Promise<string[]> {
  const loops = await attached();
  const known = new Set(devices.map(deviceText));
  const found: Loop[] = [];
  for (let grew = true; grew;) {
    grew = false;
    for (const loop of loops) {
      if (found.includes(loop) || !(known.has(loop.backing) || (folder !== undefined && loop.file.startsWith(`${folder}/`)))) continue;
      found.push(loop);
      known.add(loop.device);
      grew = true;
    }
  }
  return found.map((loop) => loop.name);
}

/** Detaches them, as the end of a machine would; those that others lie on come last. Gives those that stayed. */
export async function detachLoops(devices: readonly number[], folder?: string): Promise<string[]> {
  for (let round = 0; round < 50; round += 1) {
    const left = await loopsOn(devices, folder);
    if (left.length === 0) return [];
    for (const name of left.reverse()) await run(['losetup', '--detach', name]);
    await new Promise((resolve) => setTimeout(resolve, round < 5 ? 20 : 200));
  }
  return loopsOn(devices, folder);
}
