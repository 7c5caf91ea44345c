// Builds what `make build` promises: bin/holdfast and bin/holdfastd, each a small shell wrapper around one
// bundle in dist/ with its source map (bundle.ts).
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './bundle.ts';

const top = path.dirname(import.meta.dirname);
const at = (...parts) => path.join(top, ...parts);

mkdirSync(at('bin'), { recursive: true });
await bundle(at('dist')).catch(() => process.exit(1)); // esbuild has said what is wrong, and where

for (const name of ['holdfast', 'holdfastd']) {
  const target = at('bin', name);
  rmSync(`${target}.new`, { force: true });
  copyFileSync(at('tools/wrapper.sh'), `${target}.new`);
  chmodSync(`${target}.new`, 0o755);
  renameSync(`${target}.new`, target); // a shell that is just reading the old wrapper keeps it
}
