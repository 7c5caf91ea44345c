import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClusterPki } from '../../../src/security/pki.ts';
import { freePort } from '../../lab/tcp-proxy.ts';
import { daemonProcess, type DaemonProcess } from '../daemon/process.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
const CLUSTER = 'clu_01JD9Z3QK7W5T8X2M4N6P0R1SA';
const NODE = 'node_01JD9Z3QK7W5T8X2M4N6P0R1SA';

let daemon: DaemonProcess;
let port: number;
let work: string;
interface Ran { readonly code: number; readonly out: string; readonly err: string }

/** The command line as its users run it. @param as files of `<as>.crt` and `<as>.key`; "": over the unix socket. */
function holdfast(as: string, words: readonly string[], more: { readonly env?: Record<string, string>; readonly stdin?: string } = {}): Promise<Ran> {
  const env = {
    PATH: process.env['PATH'], LANG: 'C.UTF-8', NODE_NO_WARNINGS: '1',
    ...(as === '' ? { HOLDFAST_ENDPOINT: `unix://${daemon.root}/run/holdfast/holdfast.sock` } : { HOLDFAST_ENDPOINT: `https://127.0.0.1:${port}`, HOLDFAST_CA_FILE: 'ca.crt', HOLDFAST_CERT_FILE: `${as}.crt`, HOLDFAST_KEY_FILE: `${as}.key` }), ...more.env,
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [path.join(TOP, 'src/cli/main.ts'), ...words], { env, cwd: work }, (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }));
    child.stdin?.end(more.stdin ?? '');
  });
}
const json = async (as: string, ...words: readonly string[]): Promise<any> => { // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into it freely
  const { code, out, err } = await holdfast(as, [...words, '-o', 'json']);
  if (code !== 0) throw new Error(`${words.join(' ')} exited with ${code}: ${err}`);
  return JSON.parse(out);
};

beforeAll(async () => {
  daemon = await daemonProcess();
  await daemon.kill('SIGTERM');
  port = await freePort();
  // As the first node of a cluster, on its embedded store.
  const { id: cluster_id, node } = { id: CLUSTER, node: NODE };
  const pki = path.join(daemon.root, 'etc/holdfast/pki');
  const known = await storeIds();
  await createClusterPki(pki, { cluster_id: known?.cluster ?? cluster_id, cluster_name: 'prod', node_id: known?.node ?? node, node_name: 'n1', address: `127.0.0.1:${port}` });
  writeFileSync(path.join(daemon.root, 'etc/holdfast/holdfastd.json'), JSON.stringify({ plugin_socket: null, listen: `127.0.0.1:${port}`, advertise: `127.0.0.1:${port}` }));
  await daemon.start();
  work = daemon.directory('work');
  writeFileSync(path.join(work, 'ca.crt'), readFileSync(path.join(pki, 'ca.crt')));
}, 60_000);
afterAll(async () => { await daemon.end(); });

/** A store that was begun without certificates keeps its ids. */
async function storeIds(): Promise<{ readonly cluster: string; readonly node: string } | null> {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(path.join(daemon.root, 'var/lib/holdfast/store/store.db'), { readOnly: true });
  try {
    const text = JSON.stringify(database.prepare("select * from entries where key = '/cluster' or key like '/nodes/%'").all());
    return { cluster: /clu_[0-9A-Z]{26}/.exec(text)?.[0] ?? CLUSTER, node: /node_[0-9A-Z]{26}/.exec(text)?.[0] ?? NODE };
  } finally {
    database.close();
  }
}

test('an admin is made on the machine, and works from elsewhere', async () => {
  expect(await holdfast('', ['cert', 'request', '--name', 'alice', '--key', 'alice.key', '--out', 'alice.csr'])).toMatchObject({ code: 0 });
  expect(statSync(path.join(work, 'alice.key')).mode & 0o777).toBe(0o600);
  expect(await holdfast('', ['cert', 'sign', '--role', 'admin', '--name', 'alice', '--csr', 'alice.csr', '--out', 'alice.crt'])).toMatchObject({ code: 0, out: expect.stringMatching(/the certificate of alice \(admin\) is in .*alice.crt, valid until/) });
  expect((await json('alice', 'status')).node.name).toBe((await json('', 'status')).node.name);
  const text = readFileSync(path.join(work, 'alice.key'), 'utf8');
  expect((await holdfast('alice', ['cluster', 'status'], { env: { HOLDFAST_KEY_FILE: '', HOLDFAST_CLIENT_KEY: text } })).code).toBe(0);
  expect((await holdfast('', ['--endpoint', `https://127.0.0.1:1,https://127.0.0.1:${port}`, '--ca', 'ca.crt', '--cert', 'alice.crt', '--key', 'alice.key', 'node', 'list'])).code).toBe(0);
});

test('a token becomes a certificate of its role, once; what the role may not is refused', async () => {
  const { out: token, err } = await holdfast('alice', ['cluster', 'token', 'create', '--for', 'read-only', '--name', 'monitor', '--ttl', '10m']);
  expect(token).toMatch(/^hft1\.\S+\n$/);
  expect(err).toMatch(/works once, until/);
  const redeem = (name: string, key: string): Promise<Ran> => holdfast('', ['cert', 'redeem', '--name', name, '--at', `https://127.0.0.1:${port}`, '--key', key, '--cert', 'monitor.crt', '--ca', 'monitor-ca.crt'], { stdin: token });
  expect(await redeem('monitor', 'monitor.key')).toMatchObject({ code: 0 });
  expect(await redeem('monitor', 'monitor.key')).toMatchObject({ code: 0 });
  expect(await redeem('monitor', 'other.key')).toMatchObject({ code: 1, err: expect.stringMatching(/was used already/) });
  expect(readFileSync(path.join(work, 'monitor-ca.crt'), 'utf8')).toBe(readFileSync(path.join(work, 'ca.crt'), 'utf8'));
  expect((await holdfast('monitor', ['volume', 'list'])).code).toBe(0);
  expect(await holdfast('monitor', ['pool', 'create', 'fast', '--path', '/srv/x'])).toMatchObject({ code: 1, err: expect.stringMatching(/monitor has the role read-only, which does not allow createPool/) });
  expect((await json('alice', 'cluster', 'token', 'list')).items).toMatchObject([{ grants: 'read-only', name: 'monitor', used_at: expect.any(String) }]);
});

test('a token that was withdrawn is worth nothing', async () => {
  const { token, record } = await json('alice', 'cluster', 'token', 'create', '--for', 'operator');
  expect((await holdfast('alice', ['cluster', 'token', 'remove', record.id])).code).toBe(0);
  expect(await holdfast('', ['cert', 'redeem', '--name', 'x', '--at', `https://127.0.0.1:${port}`, '--key', 'x.key', '--cert', 'x.crt', '--ca', 'x-ca.crt'], { env: { HOLDFAST_JOIN_TOKEN: token } })).toMatchObject({ code: 1, err: expect.stringMatching(/was withdrawn/) });
});

test('a certificate is rotated in place, and a revoked one is refused at once', async () => {
  const before = readFileSync(path.join(work, 'monitor.key'), 'utf8');
  expect(await holdfast('monitor', ['cert', 'rotate'])).toMatchObject({ code: 0, out: expect.stringMatching(/the certificate of monitor is renewed/) });
  expect(readFileSync(path.join(work, 'monitor.key'), 'utf8')).not.toBe(before);
  expect(statSync(path.join(work, 'monitor.key')).mode & 0o777).toBe(0o600);
  expect((await holdfast('monitor', ['status'])).code).toBe(0);
  for (const { serial } of (await json('alice', 'cert', 'list', '--name', 'monitor')).items) expect((await holdfast('alice', ['cert', 'revoke', serial])).code).toBe(0);
  expect(await holdfast('monitor', ['status'])).toMatchObject({ code: 1, err: expect.stringMatching(/was revoked/) });
});

test('the audit log tells who did it, and neither it nor the log of the daemon holds a secret', async () => {
  const items: readonly { readonly actor: string; readonly action: string; readonly outcome: string }[] = (await json('alice', 'audit')).items;
  const told = items.map(({ actor, action, outcome }) => `${actor}: ${action} ${outcome}`);
  expect(told).toEqual(expect.arrayContaining(['alice (admin): token.create done', 'alice (admin): certificate.revoke done', 'monitor (read-only): certificate.renew done', expect.stringMatching(/^root on .*: certificate.sign done$/), expect.stringMatching(/^holder of tok_\S+: client.join done$/)]));
  const everything = JSON.stringify(items) + daemon.log();
  expect(everything).not.toMatch(/hft1\.|PRIVATE KEY/);
  expect(await holdfast('monitor', ['audit'])).toMatchObject({ code: 1 });
});

test('the identity of a node outlives a kill of its daemon, and so does what was revoked', async () => {
  await daemon.kill('SIGKILL');
  await daemon.start();
  expect((await holdfast('alice', ['status'])).code).toBe(0);
  expect(await holdfast('monitor', ['status'])).toMatchObject({ code: 1, err: expect.stringMatching(/was revoked/) });
});
