/**
 * Makes the two bundles of the product, the daemon and the command line, with their source maps. Only esbuild runs here;
 * types are checked by `make lint`. It may know nothing of what it bundles beyond the two entry files and the version.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

const TOP = path.dirname(import.meta.dirname);

const common = {
  absWorkingDir: TOP,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  sourcemap: 'linked',
  sourcesContent: false,
  minifySyntax: true,
  external: ['koffi'], // native: found by Node in node_modules beside dist/, whatever the working directory
  // CommonJS packages inside an ES module bundle ask for `require`.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  logLevel: 'warning',
} satisfies BuildOptions;

/** src/model/version.ts as it would stand in a release of that version; the source is not touched. */
const versioned = (version: string): Plugin => ({
  name: 'version',
  setup(building) {
    building.onLoad({ filter: /[\\/]src[\\/]model[\\/]version\.ts$/ }, () => ({ contents: `export const VERSION = ${JSON.stringify(version)};`, loader: 'ts' }));
  },
});

/**
 * Writes holdfast.mjs, cli/ and holdfastd.mjs into `outdir`. The command line loads each command when it is called; the
 * daemon is one file. Programs that run meanwhile find each file whole, the old one or the new; what does not change stays.
 * @param version what the product calls itself. Default: as src/model/version.ts says.
 * @returns the source files that went into them, relative to the checkout.
 * @throws what esbuild throws, after it has said what is wrong, and where.
 */
export async function bundle(outdir: string, version?: string): Promise<readonly string[]> {
  const shared = { ...common, outdir, write: false as const, metafile: true as const, plugins: version === undefined ? [] : [versioned(version)] };
  const made = await Promise.all([
    build({ ...shared, entryPoints: { holdfast: path.join(TOP, 'src/cli/main.ts') }, splitting: true, chunkNames: 'cli/[name]-[hash]' }),
    build({ ...shared, entryPoints: { holdfastd: path.join(TOP, 'src/daemon/main.ts') } }),
  ]);
  const files = made.flatMap(({ outputFiles }) => outputFiles);
  const parts = path.join(outdir, 'cli');
  mkdirSync(parts, { recursive: true });
  // What others refer to comes first.
  for (const file of [...files].sort((a, b) => Number(b.path.startsWith(`${parts}/`)) - Number(a.path.startsWith(`${parts}/`)))) replace(file.path, file.contents);
  const current = new Set(files.map((file) => file.path));
  for (const name of readdirSync(parts)) if (!current.has(path.join(parts, name))) rmSync(path.join(parts, name), { recursive: true, force: true });
  return made.flatMap(({ metafile }) => Object.keys(metafile.inputs));
}

function replace(file: string, contents: Uint8Array): void {
  try {
    if (readFileSync(file).equals(contents)) return;
  } catch { /* there is none yet */ }
  writeFileSync(`${file}.${process.pid}`, contents);
  renameSync(`${file}.${process.pid}`, file);
}
