/**
 * `/proc/<pid>/mountinfo`: a pure parser, and readers of it for this mount namespace and for all others
 * that a process lives in. Changes nothing.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { isErrno } from './durable-file.ts';
import { isWithin } from './layout.ts';

export interface MountEntry {
  /** `major:minor` of the filesystem's device. */
  readonly device: string;
  /** The directory of the filesystem that the mount shows. */
  readonly rootPath: string;
  readonly mountPoint: string;
  /** Of this mount: `rw`, `nodev`, … */
  readonly options: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Of the filesystem: shared by all its mounts. */
  readonly superOptions: readonly string[];
  /** Peer group, or null for a mount that does not propagate. */
  readonly sharedGroup: number | null;
}

/** In the order of mounting: of two entries with one mount point the later is on top. Lines that it cannot read are left out. */
export function parseMountinfo(text: string): readonly MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [, , device, rootPath, mountPoint, options] = fields;
    const [type, source, superOptions] = dash === -1 ? [] : fields.slice(dash + 1);
    if (device === undefined || rootPath === undefined || mountPoint === undefined || options === undefined || type === undefined || source === undefined) continue;
    const shared = fields.slice(6, dash).find((field) => field.startsWith('shared:'));
    entries.push({
      device,
      rootPath: unescape(rootPath),
      mountPoint: unescape(mountPoint),
      options: options.split(','),
      type,
      source: unescape(source),
      superOptions: (superOptions ?? '').split(','),
      sharedGroup: shared === undefined ? null : Number(shared.slice('shared:'.length)),
    });
  }
  return entries;
}

/** The kernel writes space, tab, newline and backslash as three octal digits; bytes above 127 as they are. */
function unescape(field: string): string {
  return field.includes('\\') ? field.replace(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(parseInt(octal, 8))) : field;
}

/** What is mounted in the daemon's own mount namespace. */
export const readMounts = (): readonly MountEntry[] => parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));

/** What is on top at exactly this path. */
export const mountAt = (mounts: readonly MountEntry[], at: string): MountEntry | undefined => mounts.findLast((entry) => entry.mountPoint === at);

/** The mount that a path lies in. The path must be resolved. */
export function mountOf(mounts: readonly MountEntry[], at: string): MountEntry | undefined {
  let best: MountEntry | undefined;
  for (const entry of mounts) {
    if (isWithin(at, entry.mountPoint) && entry.mountPoint.length >= (best?.mountPoint.length ?? 0)) best = entry;
  }
  return best;
}

export interface ForeignNamespace {
  /** A process that lives in it. */
  readonly pid: number;
  readonly mounts: readonly MountEntry[];
}

/**
 * Every mount namespace that some process lives in, but our own. Processes come and go while it reads: what
 * has gone is left out. (A namespace that only a bind mount or an open file keeps is not seen here; whether a
 * device is free is told by an exclusive open.)
 */
export function readForeignNamespaces(): readonly ForeignNamespace[] {
  const seen = new Set([readlinkSync('/proc/self/ns/mnt')]);
  const found: ForeignNamespace[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const namespace = readlinkSync(`/proc/${name}/ns/mnt`);
      if (seen.has(namespace)) continue;
      const mounts = parseMountinfo(readFileSync(`/proc/${name}/mountinfo`, 'utf8'));
      seen.add(namespace);
      found.push({ pid: Number(name), mounts });
    } catch (thrown) {
      if (!isErrno(thrown, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL')) throw thrown;
    }
  }
  return found;
}

/** `name (pid)` of a process, as far as it can be read. */
export function processName(pid: number): string {
  try {
    return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
  } catch {
    return `pid ${pid}`;
  }
}

/** Up to `limit` processes with a file, their working directory or their root below the path: for messages, best effort. */
export function processesBelow(at: string, limit = 5): readonly string[] {
  const found: string[] = [];
  const inside = (link: string): boolean => {
    try {
      return isWithin(readlinkSync(link), at);
    } catch {
      return false;
    }
  };
  const usesIt = (pid: string): boolean => {
    if (inside(`/proc/${pid}/cwd`) || inside(`/proc/${pid}/root`)) return true;
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => inside(path.join('/proc', pid, 'fd', fd)));
    } catch {
      return false;
    }
  };
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || found.length >= limit) continue;
    if (usesIt(pid)) found.push(processName(Number(pid)));
  }
  return found;
}
