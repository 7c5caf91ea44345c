import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { userData } from '../../../provider/functions/user-data.ts';

let bin = '';
beforeEach(() => { bin = mkdtempSync(path.join(os.tmpdir(), 'holdfast-user-data-')); });
afterEach(() => rmSync(bin, { recursive: true, force: true }));

it.each([['at last', 2], ['never', 1_000]])('a machine whose own start holds the lock of the lists, and lets it go %s, installs all the same', (_when, busy) => {
  const log = path.join(bin, 'log');
  const program = (name: string, text: string): void => writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  program('sleep', 'exit 0');
  program('apt-get', `case "$*" in
  *update*) echo update >>${log}; [ "$(grep -c update ${log})" -gt ${busy} ] || exit 100 ;;
  *install*) echo install >>${log}; printf '#!/bin/sh\\necho converge >>${log}\\n' >${bin}/holdfast; chmod +x ${bin}/holdfast ;;
esac`);
  const script = userData('{"name":"n1"}', 'apt:0.1.0', '', '').replaceAll('/etc/holdfast', path.join(bin, 'etc'));
  expect(spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: `${bin}:/usr/bin:/bin` } }).status).toBe(0);
  expect(readFileSync(log, 'utf8').trim().split('\n').slice(-3)).toEqual(['update', 'install', 'converge']);
});
