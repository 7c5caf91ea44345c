import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const SCRIPT = path.resolve(import.meta.dirname, '../../../packaging/libexec/etcd-prepare');

let dir: string;
const at = (...parts: string[]): string => path.join(dir, ...parts);
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-prepare-'));
  mkdirSync(at('pki'));
  mkdirSync(at('run'));
  for (const file of ['store.key', 'store.crt', 'issuer.key']) writeFileSync(at('pki', file), `${file}\n`, { mode: 0o600 });
  configure(['store.key', 'store.crt']);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const configure = (files: readonly string[]): void => writeFileSync(at('etcd.conf.yml'), JSON.stringify({ 'data-dir': at('var', 'etcd'), files: files.map((file) => at('pki', file)) }, null, 2));

/** The same script, with places below `dir` and a user that is everywhere. */
function prepare(): { readonly status: number | null; readonly stderr: string } {
  const script = readFileSync(SCRIPT, 'utf8').replace('user=_holdfast-etcd', 'user=nobody').replaceAll('-g "$user"', '-g nogroup').replaceAll('"$user:$user"', '"$user:nogroup"')
    .replace('config=/etc/holdfast/etcd.conf.yml', `config=${at('etcd.conf.yml')}`).replace('pki=/etc/holdfast/pki', `pki=${at('pki')}`).replace('run=/run/holdfast-etcd', `run=${at('run', 'etcd')}`);
  mkdirSync(at('var'), { recursive: true });
  return spawnSync('sh', ['-c', script], { encoding: 'utf8' });
}

describe('what etcd is given before it starts', () => {
  test('is what its configuration names, in a directory of its own, and a configuration that names the copies', () => {
    expect(prepare()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(at('run', 'etcd')).sort()).toEqual(['etcd.conf.yml', 'store.crt', 'store.key']);
    expect(readFileSync(at('run', 'etcd', 'store.key'), 'utf8')).toBe('store.key\n');
    expect(readFileSync(at('run', 'etcd', 'etcd.conf.yml'), 'utf8')).toContain(at('run', 'etcd', 'store.key'));
    for (const file of ['store.key', 'etcd.conf.yml']) expect([file, statSync(at('run', 'etcd', file)).mode & 0o777, statSync(at('run', 'etcd', file)).uid === 0]).toEqual([file, 0o400, false]);
    expect(readdirSync(at('run'))).toEqual(['etcd']);
    expect(prepare()).toMatchObject({ status: 0 });
  });

  test('is never the key of an authority', () => {
    configure(['store.key', 'issuer.key']);
    expect(prepare()).toMatchObject({ status: 6, stderr: expect.stringContaining('a key that etcd may not have') });
    expect(existsSync(at('run', 'etcd', 'issuer.key'))).toBe(false);
    expect(readdirSync(at('run'))).toEqual(['etcd']);
  });

  test('lands in its directory only: links that its user laid there lead root nowhere', () => {
    mkdirSync(at('elsewhere'));
    writeFileSync(at('elsewhere', 'precious'), 'precious\n');
    mkdirSync(at('run', 'etcd'));
    for (const name of ['.config', '.store.key.new', '.store.crt.new', '.etcd.conf.yml.new']) symlinkSync(at('elsewhere', 'precious'), at('run', 'etcd', name));
    for (const name of ['store.key', 'etcd.conf.yml']) symlinkSync(at('elsewhere'), at('run', 'etcd', name));
    expect(prepare()).toMatchObject({ status: 0 });
    expect(readdirSync(at('elsewhere'))).toEqual(['precious']);
    expect(readFileSync(at('elsewhere', 'precious'), 'utf8')).toBe('precious\n');
    expect(readFileSync(at('run', 'etcd', 'store.key'), 'utf8')).toBe('store.key\n');
  });
});
