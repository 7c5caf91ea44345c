// What a test needs of the machine. A test that cannot run here is skipped with its reason in its title, which the
// runner (tools/run-tests.mjs) collects and prints: nothing is passed over silently. A reason names what the machine
// lacks; it is never "slow" or "flaky". Probes are cheap, synchronous and change nothing.
import { describe } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Answers undefined when the machine can, else the reason why it cannot, as the end of "skipped: …". */
export type Need = () => string | undefined;

/** Describes `title` when every need is met; otherwise reports its tests as skipped, with the first reason. */
export function describeIf(needs: Need | readonly Need[], title: string, tests: () => void): void {
  const reason = [needs].flat().map((need) => need()).find((answer) => answer !== undefined);
  if (reason === undefined) return describe(title, tests);
  const passedOver = describe.skip;
  passedOver(`${title} [skipped: ${reason}]`, tests);
}

/** The absolute path of a command, the administrator's folders included; undefined when there is none. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.filter(() => name !== '').map((folder) => path.join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A command on the PATH. */
export const command = (name: string): Need => () => (findCommand(name) === undefined ? `there is no ${name}` : undefined);

/** The tests run as root. */
export const root: Need = () => (process.getuid?.() === 0 ? undefined : 'not root');

/** Loop devices can be made. */
export const loopDevices: Need = () => root() ?? (existsSync('/dev/loop-control') ? undefined : 'the kernel has no loop devices');

/** A kernel filesystem, as named in /proc/filesystems; a module that can still be loaded counts. */
export const filesystem = (type: string): Need => () => {
  const known = () => readFileSync('/proc/filesystems', 'utf8').split('\n').some((line) => line.trim().split(/\s+/).at(-1) === type);
  if (known()) return undefined;
  try {
    execFileSync('modprobe', [type], { stdio: 'ignore' });
  } catch {
    return `the kernel cannot mount ${type}`;
  }
  return known() ? undefined : `the kernel cannot mount ${type}`;
};

/** A Docker Engine can be started here (the tests start their own). */
export const dockerEngine: Need = () => root() ?? command('dockerd')() ?? command('docker')();

/** etcd can be started here (the tests start their own, see etcd.ts). */
export const etcd: Need = () => command('etcd')() ?? command('openssl')() ?? command('setpriv')();

/** Terraform or OpenTofu, as TERRAFORM_BINARY_NAME says or as the PATH has it. */
export const terraform: Need = () => (terraformBinary() === undefined ? 'there is neither terraform nor tofu' : undefined);

/** The binary that the suites run: TERRAFORM_BINARY_NAME, else terraform, else tofu. */
export function terraformBinary(): string | undefined {
  return [process.env['TERRAFORM_BINARY_NAME'], 'terraform', 'tofu']
    .map((name = '') => (path.isAbsolute(name) ? name : findCommand(name)))
    .find((found) => found !== undefined);
}

/** Nodes of the namespace lab can be made (test/lab/netns). */
export const namespaceLab: Need = () => root() ?? filesystem('overlay')()
  ?? ['ip', 'tc', 'nft', 'sshd', 'ssh', 'ssh-keygen', 'nsenter', 'unshare', 'setpriv', 'flock'].map((name) => command(name)()).find((reason) => reason !== undefined);

/** Bare nodes can be made, with the package mirror that they install from. */
export const bareLab: Need = () => namespaceLab() ?? command('debootstrap')() ?? command('busybox')();

/** Kernels of User-Mode Linux can be booted (test/lab/uml). */
export const userModeLinux: Need = () => namespaceLab() ?? command('linux.uml')() ?? command('debootstrap')() ?? command('mkfs.ext4')()
  ?? (existsSync('/dev/net/tun') ? undefined : 'the kernel has no tap devices');
