/**
 * Makes the two bundles of the product, the daemon and the command line, with their source maps. Only esbuild runs here;
 * types are checked by `make lint`. It may know nothing of what it bundles beyond the two entry files and the version.
 */
import { rmSync } from 'node:fs';
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
 * daemon is one file, which a later build cannot pull from under it while it runs.
 * @param version what the product calls itself. Default: as src/model/version.ts says.
 * @returns the source files that went into them, relative to the checkout.
 * @throws what esbuild throws, after it has said what is wrong, and where.
 */
export async function bundle(outdir: string, version?: string): Promise<readonly string[]> {
  rmSync(path.join(outdir, 'cli'), { recursive: true, force: true });
  const shared = { ...common, outdir, metafile: true as const, plugins: version === undefined ? [] : [versioned(version)] };
  const made = await Promise.all([
    build({ ...shared, entryPoints: { holdfast: path.join(TOP, 'src/cli/main.ts') }, splitting: true, chunkNames: 'cli/[name]-[hash]' }),
    build({ ...shared, entryPoints: { holdfastd: path.join(TOP, 'src/daemon/main.ts') } }),
  ]);
  return made.flatMap(({ metafile }) => Object.keys(metafile.inputs));
}
