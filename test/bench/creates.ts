/** How long a new volume takes until its consumer can use it. */
import path from 'node:path';
import type { DaemonProcess } from '../integration/daemon/process.ts';

const GIB = 1024 ** 3;

/** Each volume is unmounted and purged before the next, outside the measured time. */
export async function timeCreates(daemon: DaemonProcess, count: number): Promise<{ readonly count: number; readonly p50_ms: number; readonly p99_ms: number }> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const name = `create-${i}`;
    const target = path.join(daemon.root, name);
    const began = performance.now();
    await daemon.client.volumes.create({ name, size_bytes: GIB });
    await daemon.client.volumes.publish(name, { consumer: `path:${target}`, path: target });
    times.push(performance.now() - began);
    await daemon.client.volumes.unpublish(name, { path: target });
    await daemon.client.volumes.remove(name, { purge: true });
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { count, p50_ms: at(0.5), p99_ms: at(0.99) };
}
