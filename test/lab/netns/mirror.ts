// The package mirror inside a lab: what bare nodes can install, and all they can reach. A flat apt repository in two
// parts: `base`, filled beforehand with exactly what Holdfast's own installation may ask for (kept in the cache), and
// `added`, the lab's own packages. Served by busybox in the switch's network namespace; nodes trust it as it is.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { locked } from '../lock.ts';
import { ADMIN_PATH, must, run } from '../run.ts';
import { bareRoot, CACHE } from './bare-root.ts';
import { folderOf, mark, read, update } from './record.ts';
import { addressIn, MIRROR_HOST, switchName } from './switch.ts';

export interface Mirror {
  /** As nodes reach it. */
  readonly url: string;
  /** Offers a .deb to the nodes, and brings what it depends on into the mirror. Nodes see it after `apt-get update`. */
  add(deb: string): Promise<void>;
}

/** What may be installed by name, with all it depends on beyond the bare root. */
const OFFERED = ['etcd-server', 'etcd-client', 'xfsprogs', 'e2fsprogs', 'util-linux', 'mount', 'fuse3', 'sudo', 'iproute2', 'procps'];

const BASE = path.join(CACHE, 'mirror');
const urlOf = (lab: number): string => `http://${addressIn(lab, MIRROR_HOST)}`;

/** The apt sources of a bare node. */
export const bareSources = (lab: number): string => ['base', 'added'].map((part) => `deb [trusted=yes] ${urlOf(lab)}/${part} ./\n`).join('');

export const mirrorOf = (lab: number): Mirror => ({
  url: urlOf(lab),
  async add(deb) {
    await startMirror(lab);
    await download([path.resolve(deb)]);
    const added = path.join(folderOf(lab), 'mirror/added');
    copyFileSync(deb, path.join(added, path.basename(deb)));
    await index(added);
  },
});

/** Fills and serves it; does nothing when it is served already. It ends with the lab. */
export async function startMirror(lab: number): Promise<void> {
  const folder = path.join(folderOf(lab), 'mirror');
  if (existsSync(folder)) return;
  await fillBase();
  mkdirSync(path.join(folder, 'added'), { recursive: true });
  symlinkSync(BASE, path.join(folder, 'base'));
  await index(path.join(folder, 'added'));
  const leash = read(lab).owner === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
  const [program = '', ...args] = [...leash, 'nsenter', `--net=/run/netns/${switchName(lab)}`, 'busybox', 'httpd', '-f', '-p', `${addressIn(lab, MIRROR_HOST)}:80`, '-h', folder];
  const server = spawn(program, args, { detached: true, stdio: 'ignore', env: { PATH: ADMIN_PATH } });
  server.unref();
  const process = server.pid === undefined ? undefined : mark(server.pid);
  if (process === undefined) throw new Error('the package mirror did not start: busybox has no httpd (Debian: busybox-static)');
  update(lab, (before) => ({ ...before, processes: [...before.processes, process] }));
  for (let round = 0; !await answers(`${urlOf(lab)}/added/Packages`); round += 1) {
    if (round > 100) throw new Error(`the package mirror does not answer at ${urlOf(lab)}`);
    await pause(50);
  }
}

const answers = (url: string): Promise<boolean> => globalThis.fetch(url).then((answer) => answer.ok, () => false);

async function fillBase(): Promise<void> {
  const filled = path.join(BASE, 'filled');
  if (existsSync(filled) && readFileSync(filled, 'utf8') === OFFERED.join(' ')) return;
  await download(OFFERED);
  writeFileSync(filled, OFFERED.join(' '));
}

/** Downloads packages (names or files) with what they need beyond the bare root, by the machine's own apt. */
async function download(packages: readonly string[]): Promise<void> {
  const status = path.join(await bareRoot(), 'var/lib/dpkg/status');
  mkdirSync(path.join(BASE, 'partial'), { recursive: true });
  const words = ['apt-get', '-qq', '-y', '--no-install-recommends', '--download-only', '--reinstall', '-o', `Dir::State::status=${status}`,
    '-o', `Dir::Cache::archives=${BASE}`, '-o', 'Debug::NoLocking=1', 'install', ...packages];
  await locked(path.join(CACHE, 'lock'), async () => {
    const before = debsIn(BASE).join();
    if ((await run(words, { timeoutMs: 600_000 })).status !== 0) {
      await must(['apt-get', '-qq', 'update'], { timeoutMs: 600_000 });
      await must(words, { timeoutMs: 600_000 });
    }
    if (debsIn(BASE).join() !== before || !existsSync(path.join(BASE, 'Packages'))) await index(BASE);
  });
}

const debsIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.deb')).sort();

/** Writes what makes a folder of packages an apt repository. */
async function index(folder: string): Promise<void> {
  const stanzas: string[] = [];
  for (const name of debsIn(folder)) {
    const file = path.join(folder, name);
    const control = (await must(['dpkg-deb', '--field', file])).trimEnd();
    stanzas.push(`${control}\nFilename: ./${name}\nSize: ${statSync(file).size}\nSHA256: ${sha256(readFileSync(file))}\n`);
  }
  const packages = stanzas.join('\n');
  replace(path.join(folder, 'Packages'), packages);
  replace(path.join(folder, 'Release'), `Date: ${new Date().toUTCString()}\nSHA256:\n ${sha256(packages)} ${Buffer.byteLength(packages)} Packages\n`);
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

function replace(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}
