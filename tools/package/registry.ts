/**
 * Packages of the npm registry as folders, fetched once by npm itself and kept in .cache/registry. What was fetched is
 * compared with the integrity that the checkout names, every time, so a cache or a registry can change nothing.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Pinned {
  readonly name: string;
  readonly version: string;
  /** As in a package-lock.json: `sha512-…`. */
  readonly integrity: string;
}

/** The file of a package. @throws Error when npm cannot fetch it, or when it is another one than was named. */
async function tarball(cache: string, { name, version, integrity }: Pinned): Promise<string> {
  const kept = path.join(cache, `${name.replaceAll('/', '+')}-${version}.tgz`);
  if (!existsSync(kept)) {
    const aside = mkdtempSync(path.join(cache, 'fetch-'));
    try {
      await run('npm', ['pack', '--silent', '--pack-destination', aside, `${name}@${version}`], { cwd: aside });
      const [file] = readdirSync(aside);
      if (file === undefined) throw new Error(`npm fetched nothing for ${name}@${version}`);
      renameSync(path.join(aside, file), kept);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
  const found = `sha512-${createHash('sha512').update(readFileSync(kept)).digest('base64')}`;
  if (found !== integrity) {
    rmSync(kept);
    throw new Error(`${name}@${version} is not the one that is named here: ${found} instead of ${integrity}`);
  }
  return kept;
}

/** Unpacks the files of a package into `target` (made anew). @param members names inside of the package; all when empty. */
export async function unpack(cache: string, pinned: Pinned, target: string, members: readonly string[] = []): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const file = await tarball(cache, pinned);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await run('tar', ['-xzf', file, '-C', target, '--strip-components=1', '--no-same-owner', ...members.map((member) => `package/${member}`)]);
}
