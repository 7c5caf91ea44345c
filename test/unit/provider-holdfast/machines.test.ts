/** What a plan knows about clusters and nodes without reaching any machine, and the provider's settings for SSH and TLS. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHarness, type Harness } from '../../../provider/framework/testing.ts';
import { userData } from '../../../provider/functions/user-data.ts';
import { createProvider, type Environment } from '../../../provider/provider.ts';
import { isUnknown, UNKNOWN, type ValueObject } from '../../../provider/protocol/value.ts';
import { inTurn } from '../../../provider/resources/lane.ts';
import { sshSettings } from '../../../provider/resources/ssh-settings.ts';
import { tlsOf } from '../../../provider/resources/tls-settings.ts';
import { errors, object, warnings } from './driven.ts';

let directory: string;
const harnessOf = async (config: ValueObject = {}, environment: Environment = {}): Promise<Harness> => {
  const harness = createHarness(createProvider(environment));
  await harness.configure(object(config));
  return harness;
};
const bootstrap = object({ cluster_id: 'clu_1', ca_sha256: 'aa', endpoints: ['https://10.0.0.1:7480'], hosts: [object({ host: '10.0.0.1' })] });
const cluster = (more: ValueObject = {}): ValueObject => object({ name: 'prod', node: object({ name: 'n1', host: '10.0.0.1' }), ...more });
const node = (more: ValueObject = {}): ValueObject => object({ cluster: bootstrap, name: 'n2', host: '10.0.0.2', ...more });

beforeEach(() => {
  process.env['HOLDFAST_PROVIDER_STRICT'] = '1';
  directory = mkdtempSync(path.join(tmpdir(), 'hf-machines-'));
});
afterEach(() => { rmSync(directory, { recursive: true }); });

describe('a plan of machines', () => {
  it('asks no machine: it may not be there yet', async () => {
    const { plan, said } = await (await harnessOf()).plan('holdfast_node', node());
    expect(said).toEqual([]);
    expect(plan).toMatchObject({ address: '10.0.0.2:7480', roles: ['storage'], zone: '', on_destroy: 'drain', package_sha256: null });
    expect(isUnknown(plan?.['node_id'])).toBe(true);
  });

  it.each([['fd00::2', '[fd00::2]:7480'], ['n2.example', 'n2.example:7480'], ['10.0.0.2', '10.0.0.2:7480']])('the address of %s is %s', async (host, address) => {
    expect((await (await harnessOf()).plan('holdfast_node', node({ host }))).plan).toMatchObject({ address });
  });

  it('works while the provider\'s configuration is not known', async () => {
    const { said } = await (await harnessOf({ endpoint: UNKNOWN })).plan('holdfast_cluster', cluster());
    expect(errors(said)).toEqual([]);
  });

  it('knows the content of the package: another content is a change', async () => {
    const file = path.join(directory, 'holdfast.deb');
    writeFileSync(file, 'one');
    const harness = await harnessOf();
    const first = (await harness.plan('holdfast_node', node({ package: object({ file, apt: null }) }))).plan;
    writeFileSync(file, 'two, which is longer');
    const second = (await harness.plan('holdfast_node', node({ package: object({ file, apt: null }) }))).plan;
    expect(first?.['package_sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(second?.['package_sha256']).not.toBe(first?.['package_sha256']);
    expect(errors((await harness.plan('holdfast_node', node({ package: object({ file: `${file}.not`, apt: null }) }))).said)).toEqual([expect.stringContaining('Package cannot be read')]);
  });

  it.each([
    ['both sources of a package', { package: object({ file: 'a', apt: '1' }) }, 'Give either package.file or package.apt'],
    ['no source of a package', { package: object({ file: null, apt: null }) }, 'Give either package.file or package.apt'],
    ['a host key that is none', { host_key: 'ssh-ed25519 nonsense' }, 'A host key is'],
    ['a name that is none', { name: 'N 2' }, 'name'],
    ['a role that is none', { roles: ['king'] }, 'must be one of "control", "storage"'],
    ['a way to go that is none', { on_destroy: 'explode' }, '"drain", "hand_over", "forget"'],
  ])('refuses %s', async (_what, more, message) => {
    expect(errors(await (await harnessOf()).validate('holdfast_node', node(more as ValueObject))).join()).toContain(message);
  });

  it('refuses a first node without the role control', async () => {
    expect(errors(await (await harnessOf()).validate('holdfast_cluster', cluster({ node: object({ name: 'n1', host: 'h', roles: ['storage'] }) }))).join()).toContain('First node without control');
  });

  it('machines of the cluster that are only known after apply replace no node', async () => {
    const harness = await harnessOf();
    const made = (state: ValueObject) => ({ state: object(state), private: Buffer.alloc(0), identity: null });
    const first = { ...(await harness.plan('holdfast_cluster', cluster())).plan, cluster_id: 'clu_1', node_id: 'node_1', machine_id: 'm', version: '0.1.0', drift: [], ca_certificate: 'CA', ca_sha256: 'aa', admin_certificate: null, admin_expires_at: null, endpoints: ['https://10.0.0.1:7480'], bootstrap, package_sha256: null };
    const { plan, said } = await harness.plan('holdfast_cluster', cluster({ node: object({ name: 'n1', host: UNKNOWN }) }), made(first));
    expect(errors(said)).toEqual([]);
    expect(plan?.['bootstrap']).toMatchObject({ cluster_id: 'clu_1', ca_sha256: 'aa' });
    const second = { ...(await harness.plan('holdfast_node', node())).plan, node_id: 'node_2', version: '0.1.0', status: 'ready', drift: [], last_copies: [], machine_id: 'm', package_sha256: null };
    expect((await harness.plan('holdfast_node', node({ cluster: plan?.['bootstrap'] ?? null }), made(second))).replaces).toEqual([]);
  });

  it('a name that two nodes of a cluster have is told', async () => {
    const harness = await harnessOf();
    expect((await harness.plan('holdfast_node', node())).said).toEqual([]);
    expect(warnings((await harness.plan('holdfast_node', node({ host: '10.0.0.3' }))).said).join()).toContain('Two resources of this configuration declare the node "n2"');
    expect((await harness.plan('holdfast_node', node({ cluster: object({ ...bootstrap, cluster_id: 'clu_2' }) }))).said).toEqual([]);
    const [first, second] = [node({ cluster: object({ ...bootstrap, hosts: [] }) }), node({ cluster: object({ ...bootstrap, hosts: [] }), host: '10.0.0.3' })];
    const made = await Promise.all([harness.apply('holdfast_node', object({ ...first, package: object({ file: '/not/there', apt: null }) })), harness.apply('holdfast_node', object({ ...second, package: object({ file: '/not/there', apt: null }) }))]);
    expect(made.map(({ state }) => state)).toEqual([null, null]);
  });

  it('a node of another cluster is another node', async () => {
    const prior = { state: object({ ...(await (await harnessOf()).plan('holdfast_node', node())).plan, node_id: 'node_1', version: '0.1.0', status: 'ready', drift: [], last_copies: [], machine_id: 'm', package_sha256: null }), private: Buffer.alloc(0), identity: null };
    const { replaces } = await (await harnessOf({ endpoint: UNKNOWN })).plan('holdfast_node', node({ cluster: object({ ...bootstrap, cluster_id: 'clu_2' }) }), prior);
    expect(replaces).toEqual(['cluster']);
    const read = await (await harnessOf({ endpoint: UNKNOWN })).read('holdfast_node', prior);
    expect(read.state).toEqual(prior.state);
  });
});

describe('an unknown configuration', () => {
  it('is told once, and says what follows', async () => {
    const said = await createHarness(createProvider()).configure(object({ endpoint: UNKNOWN, ca_certificate: UNKNOWN }));
    expect(warnings(said)).toHaveLength(1);
    expect(warnings(said)[0]).toContain('not checked in this plan');
  });
});

describe('the settings of SSH', () => {
  const errorsOf = (given: Parameters<typeof sshSettings>[0]): string[] => {
    const found: string[] = [];
    sshSettings(given, {}, { error: (_summary, detail) => { found.push(detail); }, warn: () => {} });
    return found;
  };
  const nothing = { transport: null, user: null, port: null, private_key_file: null, private_key: null, passphrase: null, agent: null, known_hosts_files: null, sudo: null, sudo_password: null, bastion: null, config_file: null, options: null, connect_timeout: null, wait: null, keepalive: null };

  it('have defaults, and take agent and passphrase from the environment', () => {
    expect(sshSettings(null, { agent: '/agent', passphrase: 'p', home: '/home/me' }, { error: () => {}, warn: () => {} })).toMatchObject({ transport: 'ssh2', user: 'root', port: 22, agent: '/agent', passphrase: 'p', sudo: true, waitMs: 300_000, knownHostsFiles: ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'] });
    expect(sshSettings({ ...nothing, agent: false }, { agent: '/agent' }, { error: () => {}, warn: () => {} }).agent).toBeNull();
  });

  it('refuse what contradicts itself', () => {
    expect(errorsOf({ ...nothing, private_key: 'k', private_key_file: 'f' })).toHaveLength(1);
    expect(errorsOf({ ...nothing, options: ['ProxyJump=x'] })[0]).toContain('transport = "openssh"');
    expect(errorsOf({ ...nothing, transport: 'openssh', options: ['ProxyJump=x'] })).toEqual([]);
  });
});

describe('the certificates of the provider', () => {
  const given = { ca_certificate: null, client_certificate: 'CERT', client_key_file: null };
  const quiet = { error: (_summary: string, detail: string) => { throw new Error(detail); }, warn: () => {} };

  it('take the key from the file, or from the environment as a path or as the key itself', () => {
    const file = path.join(directory, 'key');
    writeFileSync(file, 'KEY');
    expect(tlsOf({ ...given, client_key_file: file }, {}, quiet)).toEqual({ cert: 'CERT', key: 'KEY' });
    expect(tlsOf(given, { clientKey: file }, quiet)).toEqual({ cert: 'CERT', key: 'KEY' });
    expect(tlsOf(given, { clientKey: '-----BEGIN PRIVATE KEY-----' }, quiet)).toEqual({ cert: 'CERT', key: '-----BEGIN PRIVATE KEY-----' });
    expect(() => tlsOf({ ...given, client_key_file: `${file}.not` }, {}, quiet)).toThrow('ENOENT');
  });

  it('leave the key alone where no certificate goes with it', () => {
    expect(tlsOf({ ...given, client_certificate: null }, { clientKey: '/not/there' }, quiet)).toEqual({});
  });
});

describe('one after another', () => {
  it('keeps the order of one lane, and lets other lanes be', async () => {
    const { signal } = new AbortController();
    const order: string[] = [];
    const step = (name: string, until: Promise<void>) => async (): Promise<void> => { await until; order.push(name); };
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => { open = resolve; });
    const first = inTurn('a', signal, step('first', gate));
    const second = inTurn('a', signal, step('second', Promise.resolve()));
    await inTurn('b', signal, step('other', Promise.resolve()));
    expect(order).toEqual(['other']);
    open();
    await Promise.all([first, second]);
    expect(order).toEqual(['other', 'first', 'second']);
  });

  it('goes on after a failure, and stops waiting when it is interrupted', async () => {
    const abort = new AbortController();
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => { open = resolve; });
    const failing = inTurn('c', new AbortController().signal, async () => { await gate; throw new Error('failed'); });
    const waiting = inTurn('c', abort.signal, async () => 'never');
    const last = inTurn('c', new AbortController().signal, async () => 'last');
    abort.abort(new Error('interrupted'));
    await expect(waiting).rejects.toThrow('interrupted');
    open();
    await expect(failing).rejects.toThrow('failed');
    await expect(last).resolves.toBe('last');
  });
});

describe('user_data', () => {
  const json = JSON.stringify({ name: 'n4', advertise: '10.0.0.4', cluster: { join: { endpoints: ['https://10.0.0.1:7480'] } } });

  it('refuses what would fail on the machine, and a token in the document', async () => {
    const harness = await harnessOf();
    const call = (...args: string[]) => harness.callFunction('user_data', ...args);
    expect((await call('{', 'apt:0.1.0', '', '')).error).toContain('is not JSON');
    expect((await call('{}', 'apt:0.1.0', '', '')).error).toContain('"name"');
    expect((await call(json, 'http://x/y.deb', '', '')).error).toContain('https');
    expect((await call(json, 'https://x/y.deb', 'abc', '')).error).toContain('SHA-256');
    expect((await call(json, 'holdfast.deb', '', '')).error).toContain('absolute path');
    expect((await call(json, '/opt/holdfast.deb', 'abc', '')).error).toContain('SHA-256');
    expect((await call(json, '/opt/holdfast.deb', '', '')).error).toBeUndefined();
    expect((await call(json, 'apt:0.1.0', '', 'echo hft1.aaa')).error).toContain('holds a join token');
    expect((await call(json, 'apt:0.1.0', '', 'cat /run/token')).error).toBeUndefined();
  });

  it('installs what is not there, writes node.json, and converges with the token in the environment only', () => {
    const bin = path.join(directory, 'bin');
    mkdirSync(bin);
    const stub = (name: string, body: string): void => { writeFileSync(path.join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 }); };
    const log = path.join(directory, 'log');
    stub('apt-get', `echo "apt-get $*" >>${log}; case "$*" in *install*) printf '#!/bin/sh\\necho "holdfast $* token=$HOLDFAST_JOIN_TOKEN" >>${log}\\n' >${bin}/holdfast; chmod +x ${bin}/holdfast;; esac`);
    const script = userData(json, 'apt:0.1.0', '', 'echo secret').replaceAll('/etc/holdfast', `${directory}/etc`);
    const run = () => spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: `${bin}:/usr/bin:/bin` } });
    expect(run()).toMatchObject({ status: 0 });
    expect(readFileSync(path.join(directory, 'etc/node.json'), 'utf8').trim()).toBe(json);
    expect(readFileSync(log, 'utf8')).toMatch(/update\n[^]*install holdfast=0\.1\.0\nholdfast node converge --config \S+ token=secret\n$/);
    mkdirSync(path.join(directory, 'etc/pki'));
    writeFileSync(path.join(directory, 'etc/pki/node.crt'), '');
    expect(run()).toMatchObject({ status: 0 });
    expect(readFileSync(log, 'utf8').trim().split('\n').at(-1)).toMatch(/token=$/);
    expect(execFileSync('sh', ['-n'], { input: userData(json, 'https://x/it\'s.deb', 'a'.repeat(64), 'true'), encoding: 'utf8' })).toBe('');
  });

  it('checks a package that is on the machine, and fetches nothing', () => {
    const script = userData(json, '/opt/it\'s.deb', 'a'.repeat(64), '');
    expect(script).toMatch(/sha256sum -c -\napt install '\/opt\/it'\\''s\.deb'/);
    expect(script).not.toMatch(/^fetch /m);
    expect(userData(json, '/opt/holdfast.deb', '', '')).not.toContain('sha256sum');
  });

  it.each([[5, 0, 3], [4, 4, 1]])('goes on trying while the cluster cannot be reached, and only then (converge ends with %i)', (first, status, asked) => {
    const bin = path.join(directory, 'bin');
    mkdirSync(bin);
    const log = path.join(directory, 'log');
    writeFileSync(path.join(bin, 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(path.join(bin, 'holdfast'), `#!/bin/sh\necho asked >>${log}\n[ "$(wc -l <${log})" -ge 3 ] || exit ${first}\n`, { mode: 0o755 });
    const script = userData(json, 'apt:0.1.0', '', '').replaceAll('/etc/holdfast', `${directory}/etc`);
    expect(spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: `${bin}:/usr/bin:/bin` } }).status).toBe(status);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(asked);
  });
});
