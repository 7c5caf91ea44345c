/**
 * What is in every package of one architecture: the programs with their Node.js, and what goes with them (manuals,
 * completions, documents). Places are relative to the folder that the product lives in; no package format is known here.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { SCRIPTS } from '../../src/cli/completion/scripts.ts';
import { bundle } from '../bundle.ts';
import { commandManual, daemonManual } from './manual.ts';
import { notices, packagesOf } from './notices.ts';
import { unpack } from './registry.ts';
import type { Tree } from './tree.ts';

const TOP = path.resolve(import.meta.dirname, '../..');
const CACHE = path.join(TOP, '.cache/registry');

export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];
/** As Node.js, and so koffi, call them. */
const CPU: Readonly<Record<Architecture, string>> = { amd64: 'x64', arm64: 'arm64' };

interface Runtime {
  readonly node: { readonly version: string; readonly packages: Readonly<Record<Architecture, { readonly name: string; readonly integrity: string }>> };
}

/** What is the same for every architecture, and takes a moment to make. */
export interface Product {
  readonly version: string;
  /** Seconds since 1970; the time of everything in the packages. */
  readonly time: number;
  /** Folder with the bundles. */
  readonly dist: string;
  readonly licences: string;
  readonly manuals: ReadonlyMap<string, string>;
  readonly runtimes: ReadonlyMap<Architecture, RuntimeFolders>;
}
/** Unpacked packages: Node.js, and koffi's native library. */
interface RuntimeFolders {
  readonly node: string;
  readonly koffi: string;
}

/** @param work a folder for what is made on the way; it is needed until everything is packed. */
export async function makeProduct(version: string, time: number, architectures: readonly Architecture[], work: string): Promise<Product> {
  const dist = path.join(work, 'dist');
  const inputs = await bundle(dist, version);
  const date = new Date(time * 1000).toISOString().slice(0, 10);
  const help = execFileSync(process.execPath, [path.join(dist, 'holdfastd.mjs'), '--help'], { encoding: 'utf8' });
  const runtimes = new Map(await Promise.all(architectures.map(async (one) => [one, await unpackRuntime(one, work)] as const)));
  const [{ node } = { node: '' }] = runtimes.values();
  return {
    version, time, dist, runtimes,
    licences: notices(TOP, [...new Set([...packagesOf(inputs), 'node_modules/koffi'])].sort(), new Map([['Node.js', readFileSync(path.join(node, 'LICENSE'), 'utf8')]])),
    manuals: new Map([['holdfast.1', await commandManual(version, date)], ['holdfastd.8', daemonManual(help, version, date)]]),
  };
}

async function unpackRuntime(architecture: Architecture, work: string): Promise<RuntimeFolders> {
  const { node } = JSON.parse(readFileSync(path.join(TOP, 'packaging/runtime.json'), 'utf8')) as Runtime;
  const lock = JSON.parse(readFileSync(path.join(TOP, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version: string; integrity: string }> };
  const koffiName = `@koromix/koffi-linux-${CPU[architecture]}`;
  const koffi = lock.packages[`node_modules/${koffiName}`];
  if (koffi === undefined) throw new Error(`package-lock.json names no ${koffiName}: koffi has no build for ${architecture}`);
  const at = { node: path.join(work, `node-${architecture}`), koffi: path.join(work, `koffi-${architecture}`) };
  await unpack(CACHE, { ...node.packages[architecture], version: node.version }, at.node, ['bin/node', 'LICENSE']);
  await unpack(CACHE, { name: koffiName, ...koffi }, at.koffi);
  return at;
}

/** The programs, below `home` in the tree: they find each other there, wherever it is put. */
export function addPrograms(tree: Tree, home: string, architecture: Architecture, product: Product): void {
  const runtime = product.runtimes.get(architecture);
  if (runtime === undefined) throw new Error(`nothing was unpacked for ${architecture}`);
  const { node, koffi } = runtime;
  tree.copy(path.join(node, 'bin/node'), path.join(home, 'bin/node'), 0o755);
  for (const name of ['holdfast', 'holdfastd']) tree.copy(path.join(TOP, 'packaging/launcher.sh'), path.join(home, 'bin', name), 0o755);
  tree.copyFolder(product.dist, path.join(home, 'dist'));
  tree.copy(path.join(TOP, 'packaging/libexec/etcd-prepare'), path.join(home, 'libexec/etcd-prepare'), 0o755);
  tree.copy(path.join(TOP, 'packaging/libexec/init-functions'), path.join(home, 'libexec/init-functions'));
  // Of koffi what is loaded: its entry for `import`, and the one native library that fits.
  const modules = path.join(home, 'node_modules');
  for (const file of ['package.json', 'index.js', 'src/koffi/index.js', 'src/koffi/src/static.js']) tree.copy(path.join(TOP, 'node_modules/koffi', file), path.join(modules, 'koffi', file));
  const name = `koffi-linux-${CPU[architecture]}`;
  for (const file of ['package.json', 'index.js']) tree.copy(path.join(koffi, file), path.join(modules, '@koromix', name, file));
  const native = `linux_${CPU[architecture]}/koffi.node`;
  tree.copy(path.join(koffi, native), path.join(modules, '@koromix', name, native));
}

/** Manuals and completions below `share` (`usr/share` of a system). */
export function addShare(tree: Tree, share: string, product: Product): void {
  for (const [name, text] of product.manuals) tree.writeCompressed(path.join(share, 'man', `man${name.slice(-1)}`, `${name}.gz`), text);
  tree.write(path.join(share, 'bash-completion/completions/holdfast'), SCRIPTS.bash);
  tree.write(path.join(share, 'zsh/vendor-completions/_holdfast'), SCRIPTS.zsh);
}

/** Documents and licences in the folder `to`. */
export function addDocuments(tree: Tree, to: string, product: Product): void {
  for (const name of readdirSync(path.join(TOP, 'docs')).filter((one) => one.endsWith('.md'))) tree.copy(path.join(TOP, 'docs', name), path.join(to, name));
  tree.copyFolder(path.join(TOP, 'docs/reference'), path.join(to, 'reference'));
  tree.copy(path.join(TOP, 'README.md'), path.join(to, 'README.md'));
  tree.copy(path.join(TOP, 'CHANGELOG.md'), path.join(to, 'CHANGELOG.md'));
  tree.writeCompressed(path.join(to, 'third-party-licences.gz'), product.licences);
}
