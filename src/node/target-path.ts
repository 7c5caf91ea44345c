/**
 * Which paths a volume may be published at, as text. Pure; what is on the disk is looked at by `publish.ts`.
 */
import path from 'node:path';
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isWithin, type NodeLayout } from './layout.ts';

/** Longest path that the kernel takes, less its final NUL. */
const MAX_PATH_BYTES = 4095;

/**
 * The path without a trailing slash.
 * @throws invalid_argument for a relative path, `..`, `.` or an empty component, NUL, "/", more than 4095 bytes, and a path
 *   inside or around the daemon's own directories.
 */
export function checkTargetPath(target: string, layout: NodeLayout): string {
  const refuse = (fault: string, hint: string): never => {
    const shown = clip(target).replace(/[^\x20-\x7e…]/gu, '?');
    throw new HoldfastError('invalid_argument', `path "${shown}" ${fault}`, { field: 'path', hint });
  };
  if (target.includes('\0')) refuse('holds a NUL', 'Use an absolute path without control characters.');
  if (!path.isAbsolute(target)) refuse('is not absolute', 'Begin it with "/".');
  if (Buffer.byteLength(target) > MAX_PATH_BYTES) refuse(`is longer than ${MAX_PATH_BYTES} bytes`, 'Use a shorter path.');
  const bare = target.length > 1 ? target.replace(/\/+$/, '') : target;
  if (bare === '' || bare === '/') refuse('is the root directory', 'Name an empty directory, or one that does not exist yet.');
  const odd = bare.slice(1).split('/').find((part) => part === '' || part === '.' || part === '..');
  if (odd !== undefined) refuse(odd === '' ? 'holds "//"' : `holds "${odd}"`, `Write the path in full, for example ${path.normalize(bare)}`);
  const own = layout.own.find((directory) => isWithin(bare, directory) || isWithin(directory, bare));
  if (own !== undefined) refuse(`lies in or around ${own}, which belongs to holdfastd`, 'Publish the volume at a path outside of it.');
  return bare;
}
