/**
 * A file onto a machine: whole and verified, or not there. A transfer that was cut off goes on where it ended, since its
 * parts lie under a name that only this content has.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { MachineError } from './machine-error.ts';
import type { Machine } from './shell.ts';

/** SHA-256 of a file, lower-case hex. @throws MachineError settings when it cannot be read. */
export async function sha256Of(file: string): Promise<string> {
  try {
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    return hash.digest('hex');
  } catch (error) {
    throw new MachineError('settings', `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

// Prints `have` when the file is there already, else how many bytes of it are.
const BEGIN = `
set -e
umask 077
mkdir -p "$(dirname "$1")"
if [ -f "$1" ] && printf '%s  %s\\n' "$2" "$1" | sha256sum -c - >/dev/null 2>&1; then echo have; exit 0; fi
if [ -f "$1.$2.part" ]; then wc -c < "$1.$2.part"; else echo 0; fi`;
const APPEND = 'set -e; umask 077; cat >> "$1.$2.part"';
const FINISH = `
set -e
if printf '%s  %s\\n' "$2" "$1.$2.part" | sha256sum -c - >/dev/null 2>&1; then mv -f "$1.$2.part" "$1"; else rm -f "$1.$2.part"; echo "checksum differs" >&2; exit 1; fi`;

/**
 * Uploads `file` to `path` (mode 0600, directories made as needed) unless it is there already.
 * @param sha256 of the file, lower-case hex.
 * @returns bytes that were sent.
 * @throws MachineError.
 */
export async function upload(machine: Machine, file: string, path: string, sha256: string, { signal, onLine }: { readonly signal?: AbortSignal; readonly onLine?: (line: string) => void } = {}): Promise<number> {
  const args = [path, sha256];
  const { size } = await stat(file);
  const there = (await machine.must('looking for an earlier upload', BEGIN, { args, signal })).trim();
  if (there === 'have') return 0;
  const offset = Number(there) <= size ? Number(there) : 0;
  if (Number(there) > size) await machine.must('removing a damaged upload', 'rm -f "$1.$2.part"', { args, signal });
  if (offset > 0) onLine?.(`upload goes on at byte ${offset} of ${size}`);
  if (offset < size) await machine.must(`uploading ${file}`, APPEND, { args, signal, input: createReadStream(file, { start: offset }) });
  await machine.must(`verifying the upload of ${file}`, FINISH, { args, signal });
  return size - offset;
}
