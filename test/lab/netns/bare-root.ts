// The root of bare nodes: Debian's smallest system with an ssh server, and nothing else. It is made once, by debootstrap
// from the mirror in the machine's own apt sources, and lies below the checkout's .cache; nodes lie over it, never in it.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { must, script } from '../run.ts';

/** What the labs keep between runs. */
export const CACHE = path.resolve(import.meta.dirname, '../../../.cache/lab');

/** The machine's own release, and the mirror that its apt has it from. */
export async function ownRelease(): Promise<{ readonly codename: string; readonly mirror: string }> {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const targets = await must(['apt-get', 'indextargets', '--format', '$(CREATED_BY)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)']);
  const mirror = targets.split('\n').map((line) => line.split('|')).find((row) => row[0] === 'Packages' && row[1] === codename && row[2] === 'main')?.[3];
  if (mirror === undefined) throw new Error(`apt on this machine has no source for ${codename === '' ? 'its own release' : `${codename} main`}; run apt-get update`);
  return { codename, mirror };
}

let made: Promise<string> | undefined;

/** Gives the folder of the bare root; makes it when it is not there (about half a minute). */
export function bareRoot(): Promise<string> {
  made ??= makeRoot('bare', ['openssh-server', 'ca-certificates']);
  return made;
}

/** A cached root of that name: minbase and these packages. Two processes that ask at once get the same one. */
export async function makeRoot(name: string, packages: readonly string[]): Promise<string> {
  const { codename, mirror } = await ownRelease();
  const root = path.join(CACHE, `${codename}-${name}`);
  if (existsSync(root)) return root;
  mkdirSync(CACHE, { recursive: true });
  await must(['flock', path.join(CACHE, 'lock'), ...script(`
    [ ! -d "$1" ] || exit 0
    rm -rf --one-file-system "$1.new"
    debootstrap --variant=minbase --include="$4" "$2" "$1.new" "$3" >"$1.log" 2>&1 || { tail -5 "$1.log"; exit 1; }
    cd "$1.new"
    rm -rf etc/ssh/ssh_host_* etc/machine-id var/cache/apt/archives/*.deb var/lib/apt/lists/* usr/sbin/policy-rc.d var/log/bootstrap.log
    : >etc/machine-id
    mv "$1.new" "$1"
  `, root, codename, mirror, packages.join(','))], { timeoutMs: 900_000 });
  return root;
}
