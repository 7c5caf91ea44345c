// Holdfast on a machine that has none: what was cut off before is finished, and who fetches the lists just now is waited for.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bringPackage } from '../../../../provider/bootstrap/holdfast-machine.ts';
import { machineOver, type Channel } from '../../../../provider/bootstrap/shell.ts';

let bin: string;
const log = (): string[] => readFileSync(path.join(bin, 'log'), 'utf8').trim().split('\n');
const program = (name: string, body: string): void => { writeFileSync(path.join(bin, name), `#!/bin/sh\necho "${name} $*" >>${bin}/log\n${body}\n`, { mode: 0o755 }); };
const channel: Channel = {
  closed: false, close: () => {},
  exec: async (command) => {
    const { stdout, stderr, status } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { PATH: `${bin}:/usr/bin:/bin`, TMPDIR: bin } });
    return { stdout, stderr, status: status ?? 1 };
  },
};
const install = () => bringPackage(machineOver(channel, { host: 'n1', port: 22, user: 'root', hostKey: null }, 'root@n1', null), { apt: '0.1.0' }, { signal: AbortSignal.timeout(60_000), onLine: () => {} });

beforeEach(() => {
  bin = mkdtempSync(path.join(os.tmpdir(), 'hf-install-'));
  program('sleep', '');
  program('dpkg', `rm -f ${bin}/half`);
});
afterEach(() => { rmSync(bin, { recursive: true }); });

it('an installation that was cut off is finished first', async () => {
  writeFileSync(path.join(bin, 'half'), '');
  program('apt-get', `if [ -e ${bin}/half ]; then echo "E: dpkg was interrupted" >&2; exit 100; fi`);
  await install();
  expect(log().map((line) => line.split(' ')[0])).toEqual(['dpkg', 'apt-get']);
});

it('lists that somebody else fetches just now are waited for', async () => {
  program('apt-get', `case "$*" in
*update*) [ "$(grep -c update ${bin}/log)" -ge 3 ] && touch ${bin}/lists || { echo "E: Could not get lock /var/lib/apt/lists/lock" >&2; exit 100; } ;;
*) [ -e ${bin}/lists ] || exit 100 ;;
esac`);
  await install();
  expect(log().filter((line) => line.startsWith('apt-get')).map((line) => (line.includes('update') ? 'update' : 'install'))).toEqual(['install', 'update', 'update', 'update', 'install']);
});

it('says what apt-get said when there is no such package', async () => {
  program('apt-get', 'case "$*" in *install*) echo "E: no such version" >&2; exit 100 ;; esac');
  await expect(install()).rejects.toMatchObject({ kind: 'failed', detail: expect.stringContaining('no such version') });
});
