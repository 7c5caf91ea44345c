#!/usr/bin/env node
// Builds the Terraform provider: one CJS file and a `sh` wrapper that finds Node, laid out as an unpacked filesystem
// mirror for both registries, with the CLI configuration (`terraformrc`) that makes Terraform and OpenTofu use it.
//
//   node tools/build-provider.mjs [--main provider/main.ts] [--out dist] [--name holdfast] [--namespace holdfast]
//                                 [--version 0.1.0 | dev] [--platform linux_amd64[,linux_arm64]]
//
// Prints the version on the last line. `buildProvider` does the same from code.
//
// Versions. A released build gets its version from `--version`. A development build (`dev`, the default) gets one derived
// from its content, `0.<minor>.<n>` with n = 31 bits of the hash of everything in the package, because:
//  - dependency lock files record a hash for each version: equal version with other content fails every later `init`;
//    other content with another version is only an upgrade (`init -upgrade`), and equal content keeps its lock file;
//  - a prerelease (`0.1.0-dev.<hash>`) would say it better, but Terraform matches prereleases by exact constraints only,
//    so that `~> 0.1` in a module would never find the build it is tested with.
// Such versions have no order, and Terraform takes the highest: therefore other versions are removed from the mirror.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '..');
const HOSTS = ['registry.terraform.io', 'registry.opentofu.org'];
const NODE_MAJOR = 24;
const ARCH = { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm' };

/** The platform of this machine as Terraform names it. */
export const hostPlatform = () => `${process.platform}_${ARCH[process.arch] ?? process.arch}`;

// Without a handshake Terraform shows the first line of stdout, and hides stderr in its log: so errors go to both.
const wrapper = (name) => `#!/bin/sh
# Starts the provider with Node ${NODE_MAJOR} or later: the one in this package, else $HOLDFAST_NODE, else that of the PATH.
here=$(dirname "$0")
if [ -x "$here/node/bin/node" ]; then node=$here/node/bin/node
elif [ -n "$HOLDFAST_NODE" ]; then node=$HOLDFAST_NODE
else node=node; fi
if ! command -v "$node" >/dev/null 2>&1; then
  message="terraform-provider-${name} needs Node.js ${NODE_MAJOR} or later, and '$node' was not found: install it, or set HOLDFAST_NODE to the path of node"
  echo "$message"; echo "$message" >&2
  exit 1
fi
exec "$node" "$here/provider.cjs" "$@"
`;
// Runs before anything else in the bundle; the bundle's syntax is old enough (see `target`) for an old Node to get here.
const banner = (name) => `if (parseInt(process.versions.node, 10) < ${NODE_MAJOR}) { var message = "terraform-provider-${name} needs Node.js ${NODE_MAJOR} or later, but " + process.execPath + " is " + process.versions.node + ": install a newer one, or set HOLDFAST_NODE to the path of node\\n"; process.stdout.write(message); process.stderr.write(message); process.exit(1); }`;

/**
 * Builds and lays out the provider; returns `{ version, mirror, terraformrc, bundle }` (absolute paths).
 * Building equal sources again gives equal bytes and the same version.
 */
export async function buildProvider({ main = 'provider/main.ts', out = 'dist', name = 'holdfast', namespace = 'holdfast', version = 'dev', minor = 1, platforms = [hostPlatform()] } = {}) {
  const result = await build({
    entryPoints: [path.resolve(ROOT, main)], absWorkingDir: ROOT, bundle: true, write: false, platform: 'node', format: 'cjs', target: 'node18',
    // Names stay readable for the stack traces of bug reports; white space goes, for the start-up time.
    minifyWhitespace: true, minifySyntax: true, keepNames: false, legalComments: 'none', banner: { js: banner(name) }, logLevel: 'warning',
    // Optional native parts of libraries are never needed here.
    external: ['*.node', 'cpu-features'],
  });
  const files = { 'provider.cjs': result.outputFiles[0].contents, [`terraform-provider-${name}`]: Buffer.from(wrapper(name)) };
  const wanted = version === 'dev' ? contentVersion(Object.values(files), minor) : version;
  const directory = path.resolve(ROOT, out);
  const mirror = path.join(directory, 'mirror');
  for (const host of HOSTS) {
    const home = path.join(mirror, host, namespace, name);
    mkdirSync(home, { recursive: true });
    for (const other of readdirSync(home)) if (other !== wanted) rmSync(path.join(home, other), { recursive: true, force: true });
    for (const platform of platforms) install(path.join(home, wanted, platform), files, name, wanted);
  }
  const terraformrc = path.join(directory, 'terraformrc');
  const ours = HOSTS.map((host) => `"${host}/${namespace}/*"`).join(', ');
  writeFileSync(terraformrc, `# Use it with: export TF_CLI_CONFIG_FILE=${terraformrc}
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(mirror)}
    include = [${ours}]
  }
  direct {
    exclude = [${ours}]
  }
}
`);
  return { version: wanted, mirror, terraformrc, bundle: path.join(mirror, HOSTS[0], namespace, name, wanted, platforms[0], 'provider.cjs') };
}

/** Writes a package unless the same one is there: a running Terraform may be using it. */
function install(directory, files, name, version) {
  mkdirSync(directory, { recursive: true });
  for (const [file, contents] of Object.entries(files)) {
    const target = path.join(directory, file === 'provider.cjs' ? file : `${file}_v${version}`);
    if (current(target)?.equals(contents)) continue;
    writeFileSync(target, contents);
    if (file.startsWith(`terraform-provider-${name}`)) chmodSync(target, 0o755);
  }
}

function current(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function contentVersion(contents, minor) {
  const hash = createHash('sha256');
  for (const one of contents) hash.update(one).update('\0');
  return `0.${minor}.${hash.digest().readUInt32BE(0) >>> 1}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { main: { type: 'string' }, out: { type: 'string' }, name: { type: 'string' }, namespace: { type: 'string' }, version: { type: 'string' }, platform: { type: 'string' } } });
  const { platform, ...options } = values;
  const built = await buildProvider({ ...options, ...(platform ? { platforms: platform.split(',') } : {}) });
  console.log(`built into ${built.mirror}\nexport TF_CLI_CONFIG_FILE=${built.terraformrc}\n${built.version}`);
}
