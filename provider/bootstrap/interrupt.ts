/**
 * Ending a command on a machine that nobody waits for any more. sshd passes signals on to nobody who logs in as root or
 * becomes root, and a command whose connection is closed goes on: so it is found by a mark in its arguments, and ended.
 */
import { randomBytes } from 'node:crypto';

/** For the name of the script (`$0`). */
export const newMark = (): string => `hf-${randomBytes(8).toString('hex')}`;

const WAIT_S = 5;

/** A script that ends everything that the script with this mark began, and waits for its end a while. */
export function endOf(mark: string): string {
  // Written so that it does not find itself.
  const pattern = `[h]${mark.slice(1)}`;
  return `
groups() { for p in $(grep -ls '${pattern}' /proc/[0-9]*/cmdline | cut -d/ -f3); do sed 's/^.*) //' "/proc/$p/stat" 2>/dev/null | cut -d' ' -f3; done | sort -u; }
for g in $(groups); do kill -TERM "-$g" 2>/dev/null; done
n=0
while [ -n "$(groups)" ] && [ "$n" -lt ${WAIT_S * 5} ]; do n=$((n + 1)); sleep 0.2; done
:`;
}
