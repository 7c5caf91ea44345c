/** Every command of the command line against a real daemon, with a pool in a directory. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { CATALOGUE } from '../../../src/cli/catalogue.ts';
import { startMachine, type Machine } from './machine.ts';

let machine: Machine;
const used = new Set<string>();
const at = (...parts: string[]): string => path.join(machine.root, ...parts);
const remember = (words: readonly string[]): void => {
  for (const length of [1, 2, 3]) used.add(words.slice(0, length).join(' '));
};
const run = (...words: string[]) => { remember(words); return machine.holdfast(...words); };
const json = (...words: string[]) => { remember(words); return machine.json(...words); };
const ok = async (...words: string[]): Promise<string> => {
  const { code, out, err } = await run(...words);
  expect({ words, code, err }).toEqual({ words, code: 0, err: '' });
  return out;
};

beforeAll(async () => { machine = await startMachine(); });
afterAll(async () => { await machine?.stop(); });

describe('an empty node', () => {
  it('says how to begin', async () => {
    expect(await ok('status')).toContain('holdfast pool create NAME --path /an/existing/directory');
    expect(await run('pool', 'list')).toEqual({ code: 0, out: '', err: 'There is no pool yet. Make one: holdfast pool create NAME --path /an/existing/directory\n' });
    expect((await run('volume', 'list')).err).toContain('holdfast volume create NAME --size 10G');
    expect((await run('snapshot', 'list')).err).toContain('holdfast snapshot create VOLUME@NAME');
    expect((await run('trash', 'list')).err).toBe('The trash is empty.\n');
    expect((await run('capacity')).err).toContain('There is no pool yet');
    expect(await json('volume', 'list')).toEqual({ items: [] });
    expect((await run('volume', 'create', 'db')).code).toBe(4);
  });
  it('shows itself', async () => {
    const [status, version, cluster, nodes] = [await json('status'), await json('version'), await json('cluster', 'status'), await json('node', 'list')];
    expect(version.daemon.cluster_id).toBe(cluster.id);
    expect(cluster).toMatchObject(status.cluster);
    expect(nodes.items).toHaveLength(1);
    expect(await ok('node', 'inspect')).toContain(nodes.items[0].id);
    expect(await ok('node', 'inspect', nodes.items[0].name)).toContain('features');
    expect(await ok('cluster', 'status')).toContain(cluster.id);
    expect(await ok('store', 'check')).toBe('the store is sound\n');
    expect(await json('store', 'check')).toEqual({ sound: true, faults: [] });
  });
});

describe('pools', () => {
  it('are made, listed, shown and changed', async () => {
    expect(await ok('pool', 'create', 'main', '--path', 'pool', '--class', 'ssd', '--label', 'rack=7')).toMatch(/^pool main is ready: .* on .*\/pool\n$/);
    expect(await ok('pool', 'list')).toMatch(/^NAME +STATE .*\nmain +ready /);
    expect(await ok('pool', 'list', '-o', 'wide')).toContain('rack=7');
    expect(await ok('pool', 'update', 'main', '--overcommit', '2', '--label', 'row=b', '--remove-label', 'rack')).toBe('pool main is changed: class ssd, overcommit 2\n');
    const pool = await json('pool', 'inspect', 'main');
    expect(pool).toMatchObject({ name: 'main', labels: { row: 'b' }, spec: { kind: 'directory', path: at('pool'), class: 'ssd', overcommit: 2 }, status: { state: 'ready' } });
    expect(await ok('pool', 'inspect', pool.id)).toContain(pool.id);
    expect(await ok('pool', 'grow', 'main')).toMatch(/^pool main is ready/);
    expect(await ok('capacity')).toMatch(/^POOL .*\nmain +ssd /);
    expect((await json('capacity')).pools).toHaveLength(1);
  });
  it('are not made of what is not there, nor twice', async () => {
    expect(await run('pool', 'create', 'other', '--path', '/nowhere/at/all')).toMatchObject({ code: expect.any(Number), err: expect.stringContaining('/nowhere/at/all') });
    expect((await run('pool', 'create', 'main', '--path', 'pool')).code).toBe(4);
    expect((await run('pool', 'inspect', 'nope')).code).toBe(3);
  });
});

describe('a single machine', () => {
  it('is a node: with a zone, drained, taken into use again, and not removed', async () => {
    const [{ name }] = (await json('node', 'list')).items;
    await ok('node', 'update', name, '--zone', 'rack-1');
    expect((await json('node', 'inspect', name)).spec.zone).toBe('rack-1');
    expect((await json('node', 'holdings', name)).items).toEqual([]);
    expect(await run('node', 'drain', name)).toMatchObject({ code: 0 });
    expect((await json('node', 'inspect', name)).status.state).toBe('drained');
    expect(await run('node', 'undrain', name)).toMatchObject({ code: 0 });
    expect(await run('node', 'remove', name, '--yes')).toMatchObject({ code: 4 });
    expect((await ok('audit')).split('\n').filter((line) => line.includes('node.drain'))).toHaveLength(1);
  });
  it('has no identities to give out, and says what makes it a cluster', async () => {
    expect(await run('cluster', 'token', 'create')).toMatchObject({ code: 4, err: expect.stringContaining('holdfast cluster init') });
    for (const words of [['cluster', 'token', 'list'], ['cert', 'list']]) expect(await run(...words)).toMatchObject({ code: 4 });
    expect((await run('cluster', 'token', 'remove', 'tok_01HF7YAT002M9DBGJP669GEET5')).code).toBeGreaterThan(2);
    expect(await run('cert', 'request', '--name', 'ci', '--key', 'ci.key', '--out', 'ci.csr')).toMatchObject({ code: 0 });
    expect(await run('cert', 'sign', '--role', 'read-only', '--name', 'ci', '--csr', 'ci.csr', '--out', 'ci.crt')).toMatchObject({ code: 4 });
    expect((await run('cert', 'revoke', 'abcd')).code).toBeGreaterThan(2);
    for (const words of [['cert', 'rotate'], ['cert', 'redeem'], ['cluster', 'init'], ['cluster', 'join'], ['node', 'converge', '--config', 'none.json']]) {
      expect({ words, ...(await run(...words)) }).toEqual({ words, code: 2, out: '', err: expect.stringMatching(/\w/) });
    }
  });
});

describe('volumes', () => {
  it('are made of a name or of a spec, and shown', async () => {
    expect(await ok('volume', 'create', 'db', '--size', '320M', '--label', 'app=shop')).toBe('volume db is ready: 320 MiB xfs in pool main\n');
    expect(await ok('volume', 'create', 'size=64M,fs=ext4,labels=app=blog,name=web')).toBe('volume web is ready: 64 MiB ext4 in pool main\n');
    expect(await ok('volume', 'list')).toMatch(/^NAME +STATE +SIZE .*\ndb +ready +320 MiB .*\nweb +ready +64 MiB /);
    expect(await ok('volume', 'list', '--label', 'app=shop')).not.toContain('web');
    expect((await json('volume', 'list', '--pool', 'main')).items.map(({ name }: { name: string }) => name)).toEqual(['db', 'web']);
    expect(await ok('volume', 'inspect', 'db')).toContain('app=shop');
    expect(await ok('volume', 'explain', 'db')).toMatch(/main .*yes +yes +yes/);
    expect((await json('volume', 'explain', 'db')).candidates).toHaveLength(1);
  });
  it('are checked without being made', async () => {
    expect(await ok('volume', 'create', 'ghost', '--size', '64M', '--dry-run')).toMatch(/^nothing was made; it would be: volume ghost: 64 MiB ext4/);
    expect((await run('volume', 'inspect', 'ghost')).code).toBe(3);
  });
  it('are taken as they are with --ensure, where they suffice', async () => {
    expect(await ok('volume', 'create', 'db', '--size', '32M', '--ensure')).toMatch(/; it was there already\n$/);
    const { code, err } = await run('volume', 'create', 'db', '--size', '512M', '--ensure');
    expect({ code, err }).toEqual({ code: 4, err: expect.stringContaining('holdfast volume resize db 512M') });
  });
  it('are changed', async () => {
    expect(await ok('volume', 'update', 'db', '--protect', '--trash-retention', '30d', '--label', 'tier=gold', '--remove-label', 'app')).toBe('volume db is changed: protected, kept 30d when removed\n');
    expect(await json('volume', 'inspect', 'db')).toMatchObject({ labels: { tier: 'gold' }, spec: { deletion_protection: true, trash_retention_ms: 30 * 86_400_000 } });
    expect(await run('volume', 'remove', 'db')).toMatchObject({ code: 4, err: expect.stringContaining('holdfast volume update db --no-protect') });
    expect(await ok('volume', 'update', 'db', '--no-protect')).toContain('not protected');
  });
  it('are mounted, grown while they are, and unmounted', async () => {
    expect(await ok('volume', 'mount', 'db', 'mnt')).toBe(`volume db is mounted at ${at('mnt')}\n`);
    writeFileSync(at('mnt/hello'), 'world');
    expect(await ok('volume', 'list')).toContain(at('mnt'));
    expect(await ok('volume', 'inspect', 'db')).toMatch(/device +\/dev\/loop/);
    expect(await ok('volume', 'resize', 'db', '400M')).toBe('volume db has 400 MiB\n');
    expect(await run('volume', 'resize', 'db', '32M')).toMatchObject({ code: 2, err: expect.stringContaining('cannot shrink') });
    expect(await run('volume', 'detach', 'db')).toMatchObject({ code: 4 });
    expect(await run('volume', 'remove', 'db')).toMatchObject({ code: 4, err: expect.stringContaining(at('mnt')) });
    expect(await ok('volume', 'unmount', 'db', 'mnt')).toBe(`volume db is unmounted from ${at('mnt')}\n`);
    expect(await ok('volume', 'unmount', 'db', 'mnt')).toBe(`volume db was not mounted at ${at('mnt')}\n`);
    expect(existsSync(at('mnt/hello'))).toBe(false);
  });
  it('are mounted read-only where that is asked for', async () => {
    expect(await json('volume', 'mount', 'db', 'mnt', '--read-only')).toMatchObject({ mount_path: at('mnt') });
    expect(readFileSync(at('mnt/hello'), 'utf8')).toBe('world');
    expect(() => writeFileSync(at('mnt/hello'), 'x')).toThrow(/EROFS/);
    await ok('volume', 'unmount', 'db', 'mnt');
  });
  it('are attached and detached as devices', async () => {
    expect(await ok('volume', 'attach', 'web')).toMatch(/^volume web is attached as \/dev\/loop\d+\n$/);
    expect(await ok('volume', 'list')).toContain('(attached)');
    expect(await ok('volume', 'detach', 'web')).toBe('volume web is detached\n');
    expect(await ok('volume', 'recover', 'web')).toBe('volume web is at generation 1, history 1\n');
  });
});

describe('snapshots', () => {
  it('are taken, listed and shown', async () => {
    expect(await ok('snapshot', 'create', 'db@one', '--label', 'keep=yes')).toMatch(/^snapshot db@one is taken: 400 MiB/);
    expect(await ok('snapshot', 'create', 'web')).toMatch(/^snapshot web@\d{4}-\d\d-\d\d-\d{6} is taken/);
    expect((await json('snapshot', 'list')).items).toHaveLength(2);
    expect(await ok('snapshot', 'list', 'db')).toMatch(/^SNAPSHOT .*\ndb@one +ready /);
    expect(await ok('snapshot', 'inspect', 'db@one')).toContain('keep=yes');
    expect(await ok('volume', 'inspect', 'db')).toContain('db@one');
  });
  it('are restored, and what was there is kept', async () => {
    await ok('volume', 'mount', 'db', 'mnt');
    writeFileSync(at('mnt/hello'), 'changed');
    expect((await run('snapshot', 'restore', 'db@one')).code).toBe(4);
    await ok('volume', 'unmount', 'db', 'mnt');
    const said = await ok('snapshot', 'restore', 'db@one');
    const kept = /^volume db is back at db@one\nWhat was in it is kept\. To undo: holdfast snapshot restore (db@\S+)\n$/.exec(said)?.[1] ?? said;
    await ok('volume', 'mount', 'db', 'mnt');
    expect(readFileSync(at('mnt/hello'), 'utf8')).toBe('world');
    await ok('volume', 'unmount', 'db', 'mnt');
    await ok('snapshot', 'remove', kept);
  });
  it('are cloned, and removed', async () => {
    expect(await ok('snapshot', 'clone', 'db@one', 'copy', '--label', 'app=test')).toMatch(/^volume copy is ready: 400 MiB xfs in pool main, cloned from db@one\n$/);
    expect(await ok('volume', 'create', 'copy2', '--from', 'db@one')).toMatch(/^volume copy2 is ready: 400 MiB/);
    expect(await json('snapshot', 'remove', 'db@one')).toMatchObject({ purge_at: null, warnings: [] });
    expect((await run('snapshot', 'inspect', 'db@one')).code).toBe(3);
  });
});

describe('removing', () => {
  it('puts a volume into the trash, says until when, and it comes back', async () => {
    const said = await ok('volume', 'remove', 'copy');
    const id = /^volume copy is in the trash until .* UTC, in 7d\nTo have it back: holdfast trash restore (vol_\w+)\n$/.exec(said)?.[1] ?? said;
    expect(await ok('trash', 'list')).toMatch(new RegExp(`copy .* 7d +${id}\n`));
    expect(await ok('volume', 'inspect', id)).toContain('kept until');
    expect(await ok('trash', 'restore', 'copy', '--name', 'again')).toMatch(/^volume again is ready/);
  });
  it('for good asks, and where nobody can be asked it needs --yes', async () => {
    expect(await run('volume', 'remove', 'again', '--purge')).toEqual({ code: 2, out: '', err: expect.stringMatching(/^error: nobody can be asked here: Delete volume again .* for good\?\n {2}--yes\n {2}hint: Add --yes/) });
    expect(await ok('volume', 'remove', 'again', '--purge', '--yes')).toBe('volume again is deleted for good\n');
    await ok('volume', 'update', 'copy2', '--trash-retention', '0');
    expect((await run('volume', 'remove', 'copy2')).err).toContain('its trash retention is 0');
    expect(await json('volume', 'remove', 'copy2', '-y')).toMatchObject({ name: 'copy2', purge_at: null });
  });
  it('from the trash, one or all', async () => {
    for (const name of ['t1', 't2', 't3']) {
      await ok('volume', 'create', name, '--size', '16M');
      await ok('volume', 'remove', name);
    }
    expect((await run('trash', 'purge', 't1')).code).toBe(2);
    expect(await ok('trash', 'purge', 't1', '--yes')).toBe('volume t1 is deleted for good\n');
    expect(await run('trash', 'purge', 't1', '--yes')).toMatchObject({ code: 3 });
    expect((await json('trash', 'purge', '--all', '--yes')).items).toHaveLength(2);
    expect(await ok('trash', 'purge', '--all', '--yes')).toBe('the trash is empty\n');
  });
});

describe('operations and events', () => {
  it('are listed newest first, inspected and watched', async () => {
    const { items } = await json('operation', 'list');
    expect(items[0].kind).toBe('volume.purge');
    expect((await run('operation', 'list', '--target', 'db', '--limit', '2')).out).toMatch(/^ID +KIND .*\nop_\w+ +.*\nop_\w+ /);
    expect((await run('operation', 'list', '--running')).err).toBe('Nothing is under way.\n');
    expect(await ok('operation', 'inspect', items[0].id)).toContain(items[0].id);
    expect(await ok('operation', 'watch', items[0].id)).toMatch(/^volume\.purge of volume t\d succeeded after /);
    expect((await run('operation', 'cancel', items[0].id)).code).toBe(4);
    expect((await run('operation', 'watch', 'op_nope')).code).toBe(3);
  });
  it('go on by themselves with --no-wait', async () => {
    const begun = await json('volume', 'create', 'later', '--size', '512M', '--no-wait');
    const id = begun.id.startsWith('op_') ? begun.id : (await json('operation', 'list', '--target', 'later')).items[0].id;
    expect(await json('operation', 'watch', id)).toMatchObject({ kind: 'volume.create', state: 'succeeded' });
    expect(await json('volume', 'inspect', 'later')).toMatchObject({ status: { state: 'ready' } });
  });
  it('of an object tell its story, the newest last', async () => {
    const lines = (await ok('events', '--object', 'later')).trim().split('\n');
    expect(lines[0]).toMatch(/^TIME \(UTC\) +OBJECT +REASON +MESSAGE$/);
    expect(lines.at(-1)).toContain('volume later');
    expect((await json('events', '--limit', '3')).items).toHaveLength(3);
    expect((await run('events', '--limit', '1')).err).toBe('There are older ones: --limit shows them.\n');
  });
  it.each([['json', (text: string) => JSON.parse(text.trim().split('\n').at(-1) ?? '')], ['yaml', (text: string) => parseAllDocuments(text).at(-1)?.toJS()]] as const)('are followed as %s until Ctrl-C, with exit code 0', async (format, read) => {
    remember(['events']);
    const follower = machine.begin('events', '--follow', '--limit', '1', '--object', 'web', '-o', format);
    let heard = '';
    const until = (pattern: RegExp): Promise<void> => new Promise((resolve) => {
      const look = (): void => { if (pattern.test(heard)) { follower.stdout?.off('data', look); resolve(); } };
      follower.stdout?.on('data', look);
      look();
    });
    follower.stdout?.on('data', (chunk: Buffer) => { heard += chunk.toString(); });
    await until(/\n/);
    await ok('volume', 'update', 'web', '--label', `format=${format}`);
    await until(/Updated[\s\S]*\n/);
    const ended = new Promise((resolve) => follower.once('exit', resolve));
    follower.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(read(heard)).toMatchObject({ object: { name: 'web' }, reason: 'Updated' });
  });
});

describe('forms of output', () => {
  it.each([['status'], ['volume', 'list'], ['pool', 'list'], ['snapshot', 'list'], ['trash', 'list'], ['node', 'list'], ['operation', 'list'], ['events'], ['capacity'], ['volume', 'inspect', 'db'], ['version']].map((words) => [words]))('%j says the same as JSON and as YAML', async (words) => {
    const [asJson, asYaml] = [await json(...words), parse(await ok(...words, '-o', 'yaml'))];
    const shape = (value: unknown): unknown => (typeof value !== 'object' || value === null ? typeof value : Array.isArray(value) ? value.map(shape) : Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shape(one)])));
    expect(shape(asYaml)).toEqual(shape(asJson));
  });
  it('errors are JSON on standard error, with nothing on standard output', async () => {
    const { code, out, err } = await run('volume', 'inspect', 'nope', '-o', 'json');
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(JSON.parse(err)).toMatchObject({ code: 'not_found', detail: { object: 'volume nope' } });
  });
  it('has no colours without a terminal, but with FORCE_COLOR', async () => {
    expect(await ok('status')).not.toContain('\u001b');
  });
});

describe('exit codes', () => {
  it.each([
    [0, ['version']], [1, ['volume', 'create', 'huge', '--size', '900T']], [2, ['volume', 'create', 'x', '--size', '10']], [3, ['volume', 'inspect', 'nope']],
    [4, ['volume', 'create', 'db', '--size', '64M']], [5, ['status', '--endpoint', 'unix:///nowhere.sock']],
  ] as const)('%i', async (code, words) => {
    expect((await run(...words)).code).toBe(code);
  });
});

it('completion knows the names of what there is', async () => {
  expect((await run('completion', 'bash')).code).toBe(0);
  expect((await machine.holdfast('__complete', '--', 'volume\ninspect\nd')).out).toBe('db\tvolume, ready\n');
  expect((await machine.holdfast('__complete', '--', 'snapshot\nlist\n')).out).toContain('web\tvolume, ready');
  expect((await machine.holdfast('__complete', '--', 'pool\ninspect\n')).out).toBe('main\tdirectory pool\n');
});

it('bash completes a snapshot, whose "@" divides words for bash', async () => {
  const snapshot = (await json('snapshot', 'list', 'web')).items[0].name as string;
  const line = 'holdfast snapshot inspect web@2';
  const script = `holdfast() { "${process.execPath}" "${path.resolve('src/cli/main.ts')}" "$@"; }\nsource <(holdfast completion bash)\nCOMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(holdfast snapshot inspect web @ 2) COMP_CWORD=5\n_holdfast\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  expect(execFileSync('bash', ['-c', script], { encoding: 'utf8', env: { ...process.env, HOLDFAST_ENDPOINT: machine.endpoint } })).toBe(`@${snapshot}\n`);
});

it('a support bundle holds everything, and no secret of the log', async () => {
  writeFileSync(at('a.log'), '{"level":30,"msg":"hello","token":"hunter2"}\n');
  expect(await ok('support-bundle', '--file', 'bundle.tar.gz', '--log', 'a.log')).toContain(at('bundle.tar.gz'));
  mkdirSync(at('unpacked'));
  execFileSync('tar', ['--extract', '--gzip', '--file', at('bundle.tar.gz'), '--directory', at('unpacked'), '--strip-components=1']);
  for (const file of ['CONTENTS.txt', 'versions.json', 'status.json', 'pools.json', 'volumes.json', 'trash.json', 'snapshots.json', 'operations.json', 'events.json', 'nodes.json', 'cluster.json', 'capacity.json', 'store-check.json']) expect(existsSync(at('unpacked', file))).toBe(true);
  expect(readFileSync(at('unpacked/holdfastd.log'), 'utf8')).toBe('{"level":30,"msg":"hello","token":"[secret]"}\n');
  expect(await run('support-bundle', '--file', '/nowhere/at/all.tar.gz', '--log', 'a.log')).toMatchObject({ code: 4, err: expect.stringContaining('/nowhere/at/all.tar.gz cannot be written') });
});

it('a pool is removed only when it is empty, and wiped only when it is removed', async () => {
  expect(await run('pool', 'remove', 'main')).toMatchObject({ code: 4, err: expect.stringContaining('db') });
  for (const { name } of (await json('volume', 'list')).items as { name: string }[]) await ok('volume', 'remove', name, '--purge', '--yes');
  expect((await run('pool', 'wipe', '--path', 'pool', '--yes')).code).toBe(4);
  expect(await ok('pool', 'remove', 'main')).toBe(`pool main is removed; its files are left. To delete them for good: holdfast pool wipe --path ${at('pool')}\n`);
  expect((await run('pool', 'wipe', '--path', 'pool')).code).toBe(2);
  expect(await ok('pool', 'wipe', '--path', 'pool', '--yes')).toBe(`${at('pool')} is wiped\n`);
});

describe('without the daemon', () => {
  beforeAll(() => machine.stopDaemon());
  it('commands exit with 5, and say where it was looked for and what to do', async () => {
    const { code, err } = await run('volume', 'list');
    expect(code).toBe(5);
    expect(err).toMatch(/holdfastd cannot be reached.*\n {2}endpoint unix:.*\n {2}hint: Is holdfastd running\?/);
  });
  it('a support bundle is made all the same', async () => {
    const { code, out, err } = await run('support-bundle', '--file', 'dead.tar.gz', '--log', 'holdfastd.log');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('dead.tar.gz is written') });
    expect(err).toContain('warning: status.json is not in it: holdfastd cannot be reached');
    expect(execFileSync('tar', ['--list', '--file', at('dead.tar.gz')], { encoding: 'utf8' })).toContain('holdfastd.log');
  });
});

it('no command was forgotten here', () => {
  expect(CATALOGUE.filter(({ name, hidden }) => hidden !== true && !used.has(name)).map(({ name }) => name)).toEqual([]);
});
