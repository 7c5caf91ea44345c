/** Installs packages by apt-get, also beside somebody who does so at the same time, and after somebody who was cut off. */
import { setTimeout as pause } from 'node:timers/promises';
import { must, run } from './command.ts';

/** One installation takes no longer, ms. */
export const INSTALL_MS = 900_000;
/** The lists of packages have a lock of their own, for which apt-get does not wait: a machine that has just booted updates them by itself. */
const LISTS_MS = 300_000;
const WORDS = ['-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Options::=--force-confold'];
const QUIET = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: INSTALL_MS };

/**
 * A machine that has never seen its mirrors' lists gets them; what was half unpacked is finished first.
 * @param pauseMs between two looks at a lock. Default: 1 s.
 * @throws internal with what apt-get said.
 */
export async function aptInstall(packages: readonly string[], pauseMs = 1_000): Promise<void> {
  await finish();
  if ((await run('apt-get', [...WORDS, 'install', ...packages], QUIET)).status === 0) return;
  await updateLists(pauseMs);
  // Whoever held the lock may have left something half done.
  await finish();
  await must('installing the package', 'apt-get', [...WORDS, 'install', ...packages], { ...QUIET, hint: 'Mend what apt-get says, and converge again.' });
}

const finish = () => run('dpkg', ['--configure', '-a'], QUIET);

/** Lists that cannot be had are no fault as long as the package can be. */
async function updateLists(pauseMs: number): Promise<void> {
  const until = performance.now() + LISTS_MS;
  for (;;) {
    const { status, stderr } = await run('apt-get', [...WORDS, 'update'], QUIET);
    if (status === 0 || !/could not get lock|unable to lock/i.test(stderr) || performance.now() > until) return;
    await pause(pauseMs);
  }
}
