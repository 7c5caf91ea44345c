// Builds what `make build` promises: bin/holdfast and bin/holdfastd, each a small shell wrapper around one
// bundle in dist/ with its source map. Only esbuild runs here; types are checked by `make lint`.
// It may not know anything of what it bundles beyond the two entry files.
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const top = path.dirname(import.meta.dirname);
const at = (...parts) => path.join(top, ...parts);

mkdirSync(at('bin'), { recursive: true });
const common = {
  absWorkingDir: top,
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
};
// The command line loads each command when it is called; the daemon is one file, which a later build cannot pull from
// under it while it runs.
rmSync(at('dist/cli'), { recursive: true, force: true });
await Promise.all([
  build({ ...common, entryPoints: { holdfast: at('src/cli/main.ts') }, outdir: 'dist', splitting: true, chunkNames: 'cli/[name]-[hash]' }),
  build({ ...common, entryPoints: { holdfastd: at('src/daemon/main.ts') }, outdir: 'dist' }),
]).catch(() => process.exit(1)); // esbuild has said what is wrong, and where

for (const name of ['holdfast', 'holdfastd']) {
  const target = at('bin', name);
  rmSync(`${target}.new`, { force: true });
  copyFileSync(at('tools/wrapper.sh'), `${target}.new`);
  chmodSync(`${target}.new`, 0o755);
  renameSync(`${target}.new`, target); // a shell that is just reading the old wrapper keeps it
}
