/**
 * etcd works with copies of the store's certificates, which root lays out for it (packaging/libexec/etcd-prepare). After
 * these were renewed its service is told to take the new ones; it does at its next connection, without a restart.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Log } from '../control/ports/system.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

/** Nothing to do where this machine has no member of the store, or no service of it. Never throws: what failed is logged. */
export async function reloadEtcd(root: string, log: Log): Promise<void> {
  const [systemd, script] = [existsSync('/run/systemd/system'), '/etc/init.d/holdfast-etcd'];
  if (root !== '/' || !existsSync('/etc/holdfast/etcd.conf.yml') || (!systemd && !existsSync(script))) return;
  try {
    await (systemd ? run('systemctl', ['reload', 'holdfast-etcd.service'], { timeout: TIMEOUT_MS }) : run(script, ['force-reload'], { timeout: TIMEOUT_MS }));
  } catch (error) {
    log.error({ err: String(error) }, `holdfast-etcd keeps its old certificates: ${systemd ? 'systemctl reload holdfast-etcd' : `${script} force-reload`} failed; run it before they expire`);
  }
}
