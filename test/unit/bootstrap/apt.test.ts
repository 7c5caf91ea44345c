import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { aptInstall } from '../../../src/bootstrap/apt.ts';

let dir = '';
const before = process.env['PATH'] ?? '';
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-apt-'));
  process.env['PATH'] = `${dir}:${before}`;
});
afterEach(() => {
  process.env['PATH'] = before;
  rmSync(dir, { recursive: true, force: true });
});

/** An apt-get that notes what it is asked, and ends as the script says ($1: install or update, $2: how often before). */
function programs(script: string): () => readonly string[] {
  const log = path.join(dir, 'log');
  writeFileSync(log, '');
  const program = (name: string, text: string): void => {
    writeFileSync(path.join(dir, name), `#!/bin/sh\n${text}\n`);
    chmodSync(path.join(dir, name), 0o755);
  };
  program('dpkg', `echo dpkg "$@" >>${log}`);
  program('apt-get', `for word; do case $word in install | update) verb=$word ;; esac; done
n=$(grep -c "^$verb" ${log}); echo "$verb" >>${log}
set -- "$verb" "$n"
${script}`);
  return () => readFileSync(log, 'utf8').trim().split('\n');
}

describe('installing by apt-get', () => {
  test('is one call where the package can be had', async () => {
    const said = programs('exit 0');
    await aptInstall(['etcd-server']);
    expect(said()).toEqual(['dpkg --configure -a', 'install']);
  });

  test('waits for somebody else who updates the lists, and finishes what that one left half done', async () => {
    const said = programs(`case $1$2 in
  install0) echo "E: Unable to locate package etcd-server" >&2; exit 100 ;;
  update0 | update1) echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)" >&2; exit 100 ;;
esac`);
    await aptInstall(['etcd-server'], 1);
    expect(said()).toEqual(['dpkg --configure -a', 'install', 'update', 'update', 'update', 'dpkg --configure -a', 'install']);
  });

  test('does not wait where the lists cannot be had for another reason, and says what apt-get said last', async () => {
    const said = programs('[ $1 = install ] && { echo "E: Unable to locate package etcd-server" >&2; exit 100; }; echo "E: no network" >&2; exit 100');
    await expect(aptInstall(['etcd-server'], 1)).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('Unable to locate package') });
    expect(said().filter((line) => line === 'update')).toHaveLength(1);
  });
});
