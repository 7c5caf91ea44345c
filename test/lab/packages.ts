// The packages of this checkout for the tests that install them: built by tools/package.ts as `make package` does, once
// for each state of the sources, and kept in .cache/test-packages. It knows nothing of what a test does with them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { VERSION } from '../../src/model/version.ts';
import { locked } from './lock.ts';
import { must } from './run.ts';

const TOP = path.resolve(import.meta.dirname, '../..');
const CACHE = path.join(TOP, '.cache/test-packages');
/** What the programs in a package are made of; documents of another state do not matter to a test. */
const SOURCES = ['src', 'packaging', 'tools/package', 'tools/package.ts', 'tools/bundle.ts', 'package-lock.json'];

export interface Packages {
  readonly version: string;
  readonly deb: string;
  readonly tarball: string;
}

/** This machine's architecture, as Debian calls it. */
export const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** @param version what they are and say. Default: the product's own. */
export async function builtPackages(version = VERSION): Promise<Packages> {
  const folder = path.join(CACHE, `${version}-${stateOfSources()}`);
  await locked(path.join(CACHE, 'lock'), async () => {
    if (existsSync(folder)) return;
    const aside = `${folder}.${process.pid}`;
    await buildPackages(aside, [ARCHITECTURE], { VERSION: version });
    renameSync(aside, folder);
    dropOlder(version, path.basename(folder));
  });
  return {
    version,
    deb: path.join(folder, `holdfast_${version}_${ARCHITECTURE}.deb`),
    tarball: path.join(folder, `holdfast-${version}-linux-${ARCHITECTURE}.tar.gz`),
  };
}

/** Builds into a folder that is made for it. @param env further environment, such as VERSION. */
export async function buildPackages(folder: string, architectures: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await must([process.execPath, path.join(TOP, 'tools/package.ts'), ...architectures], { env: { ...process.env, NODE_OPTIONS: '', ...env, OUT: folder }, timeoutMs: 600_000 });
}

/** A digest of everything that the programs are made of. */
export function stateOfSources(): string {
  const hash = createHash('sha256');
  const add = (file: string): void => {
    hash.update(`${file}\0`);
    hash.update(readFileSync(path.join(TOP, file)));
  };
  for (const source of SOURCES) {
    if (path.extname(source) !== '') {
      add(source);
      continue;
    }
    const entries = readdirSync(path.join(TOP, source), { recursive: true, withFileTypes: true });
    for (const file of entries.filter((entry) => entry.isFile()).map((entry) => path.relative(TOP, path.join(entry.parentPath, entry.name))).sort()) add(file);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Two states are kept: tests of two checkouts' states may run at once, more only fill the disk. */
function dropOlder(version: string, newest: string): void {
  const others = readdirSync(CACHE).filter((name) => name.startsWith(`${version}-`) && /-[0-9a-f]{16}$/.test(name) && name !== newest);
  for (const name of others.slice(1)) rmSync(path.join(CACHE, name), { recursive: true, force: true });
}
