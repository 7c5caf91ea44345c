/**
 * Debian's etcd, the program only: its own service stays down, for ever, or it would take the ports of ours. While it is
 * being installed a policy forbids its start; that file also tells a later run that it was not brought to an end.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { aptInstall } from './apt.ts';
import { must, run } from './command.ts';
import { readIfThere } from './files.ts';

const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_MARK = '# by holdfast node converge, while etcd-server is installed';

/** Again: the same. Cut off anywhere, `etcdIsSettled` says no. */
export async function installEtcd(): Promise<void> {
  const script = `set -e
if [ -d /run/systemd/system ]; then systemctl mask etcd.service >/dev/null 2>&1 || :; fi
if [ -e ${POLICY} ]; then exit 0; fi
printf '#!/bin/sh\\n${POLICY_MARK}\\n[ "$1" = etcd ] && exit 101\\nexit 0\\n' >${POLICY}.holdfast
chmod 755 ${POLICY}.holdfast
mv ${POLICY}.holdfast ${POLICY}`;
  await must('preparing for etcd-server', 'sh', ['-c', script]);
  await aptInstall(['etcd-server']);
  await run('sh', ['-c', 'command -v update-rc.d >/dev/null && update-rc.d etcd disable']);
  // Last: until then it is to be gone on with.
  await run('sh', ['-c', `if grep -qsF '${POLICY_MARK}' ${POLICY}; then rm -f ${POLICY}; fi`]);
}

/** Whether Debian's own service is kept from running, and nothing is left of an installation. */
export async function etcdIsSettled(): Promise<boolean> {
  if ((await readIfThere(POLICY))?.includes(POLICY_MARK) === true) return false;
  // Where there is systemd, it was masked before it was there.
  return existsSync('/run/systemd/system') || !existsSync('/etc/rc2.d') || !(await readdir('/etc/rc2.d')).some((name) => /^S\d\detcd$/.test(name));
}
