/**
 * The product as bundles with a launcher, laid out as an archive of it is (bin, dist), for nodes of the lab to run: in any
 * version that it shall call itself. Made once for each state of the sources, below the checkout, which every node sees.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { VERSION } from '../../../src/model/version.ts';
import { locked } from '../../lab/lock.ts';
import { stateOfSources } from '../../lab/packages.ts';
import { must } from '../../lab/run.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
const CACHE = path.join(TOP, '.cache/test-programs');

/** @returns a folder with bin/holdfast and bin/holdfastd that call themselves `version`. Default: the product's own. */
export async function builtPrograms(version = VERSION): Promise<string> {
  const home = path.join(CACHE, `${version}-${stateOfSources()}`);
  await locked(path.join(CACHE, 'lock'), () => (existsSync(home) ? Promise.resolve() : build(home, version)));
  return home;
}

async function build(home: string, version: string): Promise<void> {
  const aside = `${home}.${process.pid}`;
  mkdirSync(path.join(aside, 'bin'), { recursive: true });
  const script = `import { bundle } from ${JSON.stringify(path.join(TOP, 'tools/bundle.ts'))}; await bundle(process.argv[1], process.argv[2]);`;
  await must([process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, path.join(aside, 'dist'), version], { env: { ...process.env, NODE_OPTIONS: '' } });
  symlinkSync(process.execPath, path.join(aside, 'bin/node'));
  for (const program of ['holdfast', 'holdfastd']) {
    copyFileSync(path.join(TOP, 'packaging/launcher.sh'), path.join(aside, 'bin', program));
    chmodSync(path.join(aside, 'bin', program), 0o755);
  }
  renameSync(aside, home);
  // Two states are kept, so that two runs may be under way.
  for (const old of readdirSync(CACHE).filter((name) => name.startsWith(`${version}-`) && /-[0-9a-f]{16}$/.test(name) && name !== path.basename(home)).slice(1)) {
    rmSync(path.join(CACHE, old), { recursive: true, force: true });
  }
}
