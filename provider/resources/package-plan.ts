/** The package that a machine gets: its content is known at plan, so that another one is a change. */
import { statSync } from 'node:fs';
import { sha256Of } from '../bootstrap/upload.ts';
import type { Package } from '../bootstrap/holdfast-machine.ts';
import { MachineError } from '../bootstrap/machine-error.ts';
import type { Reporter } from '../framework/index.ts';
import { isUnknown, UNKNOWN, type Unknown } from '../protocol/value.ts';

interface Draft { readonly file: string | null | Unknown; readonly apt: string | null | Unknown }
interface Known { readonly file: string | null; readonly apt: string | null }

// Many nodes get the same file.
const seen = new Map<string, Promise<string>>();

function checksum(file: string): Promise<string> {
  const { mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0 };
  const key = `${file} ${mtimeMs} ${size}`;
  const sum = seen.get(key) ?? sha256Of(file);
  seen.set(key, sum);
  sum.catch(() => { seen.delete(key); });
  return sum;
}

/** Exactly one of `file` and `apt`. */
export function checkPackage(given: Draft | null | Unknown, { error }: Reporter): void {
  if (given === null || isUnknown(given) || isUnknown(given.file) || isUnknown(given.apt)) return;
  if ((given.file === null) === (given.apt === null)) error('Package is not clear', 'Give either package.file or package.apt.', ['package']);
}

/** What `package_sha256` will be. */
export async function planPackage(given: Draft | null | Unknown, { error }: Reporter): Promise<string | null | Unknown> {
  if (given === null) return null;
  if (isUnknown(given) || isUnknown(given.file)) return UNKNOWN;
  if (given.file === null) return null;
  try {
    return await checksum(given.file);
  } catch (thrown) {
    if (!(thrown instanceof MachineError)) throw thrown;
    error('Package cannot be read', thrown.detail, ['package', 'file']);
    return UNKNOWN;
  }
}

/** The package to bring. @throws MachineError when the file is not the one of the plan any more. */
export async function packageOf(given: Known | null, planned: string | null | Unknown): Promise<Package | null> {
  if (given === null) return null;
  if (given.file === null) return { apt: given.apt ?? '' };
  const sha256 = await checksum(given.file);
  if (typeof planned === 'string' && planned !== sha256) throw new MachineError('settings', `${given.file} was changed after the plan: it had the SHA-256 ${planned}, and has ${sha256} now. Nothing was done; plan again.`);
  return { file: given.file, sha256 };
}
