/**
 * A machine that is, or becomes, a node: installing Holdfast, converging by node.json, and leaving. Everything is done by
 * `holdfast node converge` on the machine; only what must come before it and after it is a script here.
 */
import path from 'node:path';
import { MachineError } from './machine-error.ts';
import { parseConverged, parseJson, type Converged, type NodeJson } from './node-json.ts';
import { lastLines, type Machine } from './shell.ts';
import { upload } from './upload.ts';

export interface Doing {
  readonly signal: AbortSignal;
  /** Progress, line by line. */
  readonly onLine: (line: string) => void;
}

/** Where Holdfast comes from. `file`: on this machine here. */
export type Package = { readonly file: string; readonly sha256: string } | { readonly apt: string };

export interface Looked {
  /** Of /etc/machine-id; "" when it has none. */
  readonly machineId: string;
  /** Null: Holdfast is not installed there. */
  readonly converged: Converged | null;
}

// The first line of stdin is the join token (or empty), the rest is node.json: neither is ever an argument, and the
// file is gone when this ends. Arguments of the script are those of converge.
const CONVERGE = `
cat /etc/machine-id 2>/dev/null || echo
IFS= read -r HOLDFAST_JOIN_TOKEN || true
if ! command -v holdfast >/dev/null 2>&1; then cat >/dev/null; echo missing; exit 0; fi
echo installed
if [ -n "$HOLDFAST_JOIN_TOKEN" ]; then export HOLDFAST_JOIN_TOKEN; else unset HOLDFAST_JOIN_TOKEN; fi
umask 077
mkdir -p /run/holdfast
d=$(mktemp -d /run/holdfast/converge.XXXXXX) || exit 1
trap 'rm -rf "$d"' EXIT
trap 'exit 143' HUP INT TERM
cat > "$d/node.json"
holdfast node converge --config "$d/node.json" -o json "$@" </dev/null`;

async function converged(machine: Machine, node: NodeJson, token: string | null, args: readonly string[], { signal, onLine }: Doing): Promise<Looked> {
  const { status, stdout, stderr } = await machine.run(CONVERGE, { args, input: `${token ?? ''}\n${JSON.stringify(node)}`, signal, onLine });
  const [machineId = '', state, ...rest] = stdout.split('\n');
  if (status !== 0) throw new MachineError('failed', `${machine.name}: "holdfast node converge" failed (status ${status}): ${lastLines(stderr, 12)}`);
  return { machineId: machineId.trim(), converged: state === 'missing' ? null : parseConverged(rest.join('\n'), machine.name) };
}

/** What converging would change; changes nothing. */
export const look = (machine: Machine, node: NodeJson, doing: Doing): Promise<Looked> => converged(machine, node, null, ['--plan'], doing);

/**
 * Makes the machine what node.json says. What an interrupted run left undone is gone on with.
 * @param token only needed until it has joined. Given by stdin and the environment of one process.
 */
export async function converge(machine: Machine, node: NodeJson, token: string | null, doing: Doing): Promise<Converged> {
  const { converged: done } = await converged(machine, node, token, [], doing);
  if (done === null) throw new MachineError('failed', `${machine.name}: Holdfast is not installed there, and no package is given. Give package = { file = "…/holdfast.deb" } or { apt = "VERSION" }, or install it in another way.`);
  return done;
}

// A converge of before may still run: of an apply that was killed, of Chef, of somebody's hands.
const OTHERS = `
running() { pid=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' /run/holdfast/converge.lock 2>/dev/null); [ -n "$pid" ] && grep -qs converge "/proc/$pid/cmdline"; }`;
const AWAIT = `${OTHERS}
n=0
while running; do [ $((n % 10)) -ne 0 ] || echo "another converge (process $pid) runs there: it is waited for" >&2; n=$((n + 1)); sleep 1; done`;

/** Waits until no converge runs there. */
export async function awaitOthers(machine: Machine, { signal, onLine }: Doing): Promise<void> {
  await machine.must('waiting for another converge', AWAIT, { signal, onLine });
}

/** What the machine believes to be, whether or not Holdfast runs there; null: no node. */
export async function identityOf(machine: Machine, signal: AbortSignal): Promise<{ readonly cluster_id: string; readonly node_id: string } | null> {
  const { stdout, status } = await machine.run('cat /etc/holdfast/pki/membership.json 2>/dev/null', { signal });
  return status !== 0 ? null : parseJson(stdout, machine.name) as { readonly cluster_id: string; readonly node_id: string };
}

// "$1" is what apt-get installs: a path, or holdfast=version. What a cut off installation left is finished first. A machine that
// has never seen its mirrors' lists gets them; one that has just booted may be fetching them by itself.
const APT = `
export DEBIAN_FRONTEND=noninteractive
dpkg --configure -a --force-confold >&2 || true
apt() { apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -o APT::Install-Suggests=false "$@" >&2; }
lists() { n=0; until apt update 2>"$said"; do cat "$said" >&2; n=$((n + 1)); { [ "$n" -lt 100 ] && grep -qiE 'could not get lock|unable to lock' "$said"; } || return 0; sleep 3; done; }
said=$(mktemp)
trap 'rm -f "$said"' EXIT
apt install "$1" || { lists; dpkg --configure -a --force-confold >&2 || true; apt install "$1"; }`;
// An archive holds one directory, which can lie anywhere.
const ARCHIVE = `
set -e
rm -rf /opt/holdfast.new
mkdir -p /opt/holdfast.new
tar -xzf "$1" -C /opt/holdfast.new --strip-components=1 --no-same-owner
rm -rf /opt/holdfast.old
if [ -e /opt/holdfast ]; then mv /opt/holdfast /opt/holdfast.old; fi
mv /opt/holdfast.new /opt/holdfast
rm -rf /opt/holdfast.old
mkdir -p /usr/local/bin /usr/local/sbin
ln -sf /opt/holdfast/bin/holdfast /usr/local/bin/holdfast
ln -sf /opt/holdfast/bin/holdfastd /usr/local/sbin/holdfastd`;

/** Where an uploaded package lies, under its checksum. Its ending is that of the file. */
const placeOf = ({ file, sha256 }: { readonly file: string; readonly sha256: string }): string => `/var/cache/holdfast/${sha256.slice(0, 16)}/${path.basename(file)}`;

/**
 * Brings the package to the machine, and installs it when no Holdfast is there at all; another version is converge's work.
 * @returns what node.json says about the package.
 */
export async function bringPackage(machine: Machine, wanted: Package, doing: Doing): Promise<NonNullable<NodeJson['package']>> {
  const { signal, onLine } = doing;
  const installed = (await machine.run('command -v holdfast', { signal })).status === 0;
  if ('apt' in wanted) {
    if (!installed) await machine.must(`installing holdfast ${wanted.apt}`, APT, { args: [`holdfast=${wanted.apt}`], signal, onLine });
    return wanted;
  }
  const place = placeOf(wanted);
  await upload(machine, wanted.file, place, wanted.sha256, doing);
  if (!installed) await machine.must(`installing ${path.basename(wanted.file)}`, place.endsWith('.deb') ? APT : ARCHIVE, { args: [place], signal, onLine });
  return { file: place, sha256: wanted.sha256 };
}

/** The uploaded package is not needed any more. */
export async function dropPackage(machine: Machine, wanted: Package): Promise<void> {
  if ('file' in wanted) await machine.run('rm -rf "$(dirname "$1")"', { args: [placeOf(wanted)] });
}

// Data is never touched: pools stay as they are, mounted too, and the store is put aside under another name.
const LEAVE = `${OTHERS}
if running; then kill "$pid"; n=0; while running && [ "$n" -lt 50 ]; do n=$((n + 1)); sleep 0.2; done; fi
for service in holdfastd holdfast-etcd; do
  if [ -d /run/systemd/system ]; then systemctl disable --now "$service" >&2 2>&1 || true
  elif [ -x "/etc/init.d/$service" ]; then "/etc/init.d/$service" stop >&2 2>&1 || true; fi
done
rm -rf /etc/holdfast/pki /etc/holdfast/pki.making /etc/holdfast/pki.joining
rm -f /etc/holdfast/holdfastd.json /etc/holdfast/etcd.conf.yml
now=$(date +%Y%m%dT%H%M%S)
for kept in store etcd; do
  if [ -e "/var/lib/holdfast/$kept" ]; then mv "/var/lib/holdfast/$kept" "/var/lib/holdfast/$kept.left-$now"; fi
done`;

/** Stops Holdfast there and takes its identity away. No volume and no pool is touched. */
export async function leave(machine: Machine, { signal, onLine }: Doing): Promise<void> {
  await machine.must('leaving the cluster', LEAVE, { signal, onLine });
}

/** /etc/machine-id, "" when there is none. */
export const machineIdOf = async (machine: Machine, signal: AbortSignal): Promise<string> => (await machine.run('cat /etc/machine-id 2>/dev/null', { signal })).stdout.trim();
