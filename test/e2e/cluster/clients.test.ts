/**
 * Clients from outside, over the network with certificates made by the command line: each role does what it may, and one
 * whose certificate is revoked or has expired is cut off. (Every route for every role: test/unit/api.)
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { TlsOptions } from '../../../src/client/client.ts';
import { ROLES, type Role } from '../../../src/model/identity.ts';
import { command, describeIf, etcd, filesystem, loopDevices, namespaceLab } from '../../lab/needs.ts';
import { followEvents } from './follower.ts';
import { createStage, failureOf, until, type Stage } from './stage.ts';
import { smallVolume } from './traffic.ts';

let stage: Stage;

/** A key and its request are made on n2, signed on n1, and the certificate brought back: only what is no secret travels. */
async function certificateFor(name: string, role: Role, ...more: readonly string[]): Promise<TlsOptions & { readonly cert: string; readonly key: string }> {
  const [n1, n2] = [stage.lab.node('n1'), stage.lab.node('n2')];
  await n2.must(['holdfast', 'cert', 'request', '--name', name, '--key', `/root/${name}.key`, '--out', `/root/${name}.csr`]);
  await n1.put(`/root/${name}.csr`, await n2.read(`/root/${name}.csr`));
  await n1.must(['holdfast', 'cert', 'sign', '--role', role, '--name', name, '--csr', `/root/${name}.csr`, '--out', `/root/${name}.crt`, ...more]);
  await n2.put(`/root/${name}.crt`, await n1.read(`/root/${name}.crt`));
  expect(await n2.must(['stat', '-c', '%a', `/root/${name}.key`])).toBe('600');
  return held(name);
}
/** What the client on n2 holds at present. */
const held = (name: string) => ({ ca: stage.tls.ca ?? '', cert: stage.file('n2', `/root/${name}.crt`), key: stage.file('n2', `/root/${name}.key`) });

describeIf([namespaceLab, etcd, loopDevices, filesystem('xfs'), command('faketime')], 'clients of a cluster', () => {
  beforeAll(async () => {
    stage = await createStage({ nodes: 2 });
  }, 240_000);
  afterAll(() => stage?.dispose(), 240_000);

  test('do what their role may on every node, and nothing else', async () => {
    for (const [index, role] of ROLES.entries()) {
      const tls = await certificateFor(`a-${role}`, role);
      const client = stage.client(index % 2 === 0 ? 'n1' : 'n2', { tls, attempts: 1 });
      const may = async (call: () => Promise<unknown>): Promise<boolean> => call().then(() => true, (error: { readonly code?: string; readonly message: string }) => {
        if (error.code !== 'permission_denied') throw error;
        expect(error.message).toContain(role);
        return false;
      });
      expect({
        role,
        reads: await may(() => client.volumes.list().all()),
        makes_volumes: await may(async () => { await client.volumes.create(smallVolume(`of-${role}`)); await client.volumes.remove(`of-${role}`); }),
        changes_nodes: await may(() => client.nodes.update('n2', { zone: role })),
        makes_tokens: await may(async () => client.tokens.remove((await client.tokens.create({ grants: 'node', node_roles: ['storage'] })).record.id)),
        reads_the_audit: await may(() => client.audit.list().page({ limit: 1 })),
      }).toEqual({ role, reads: true, makes_volumes: role !== 'read-only', changes_nodes: role === 'admin' || role === 'operator', makes_tokens: role === 'admin', reads_the_audit: role === 'admin' });
    }
  });

  test('without a certificate, or by anything older than TLS 1.3, get nothing', async () => {
    const url = `https://${stage.lab.node('n1').address}:7480/v1/volumes`;
    const curl = (...words: readonly string[]) => stage.lab.node('n2').exec(['curl', '-sS', '--cacert', '/etc/holdfast/pki/ca.crt', '-w', '\n%{http_code}', ...words, url]);
    expect((await curl()).stdout).toMatch(/permission_denied[^]*\n403$/);
    expect((await curl('--cert', '/root/a-plugin.crt', '--key', '/root/a-plugin.key')).stdout).toMatch(/\n200$/);
    expect((await curl('--cert', '/root/a-plugin.crt', '--key', '/root/a-plugin.key', '--tls-max', '1.2')).status).toBe(35);
    // A certificate of the control store is of another domain.
    expect((await curl('--cert', '/etc/holdfast/pki/store.crt', '--key', '/etc/holdfast/pki/store.key')).stdout).toMatch(/permission_denied[^]*\n403$/);
  });

  test('change their certificate and key by cert rotate; what is open goes on, and the new ones are taken', async () => {
    const before = await certificateFor('rotating', 'operator');
    const stream = await followEvents(stage.client('n1', { tls: before }));
    const files = { HOLDFAST_CA_FILE: '/etc/holdfast/pki/ca.crt', HOLDFAST_CERT_FILE: '/root/rotating.crt', HOLDFAST_KEY_FILE: '/root/rotating.key', HOLDFAST_ENDPOINT: `https://${stage.lab.node('n1').address}:7480` };
    await stage.lab.node('n2').must(['holdfast', 'cert', 'rotate'], { env: files });
    const after = held('rotating');
    expect([after.cert === before.cert, after.key === before.key]).toEqual([false, false]);
    const { id } = await stage.client('n2', { tls: after }).volumes.create(smallVolume('rotated'));
    await until('the stream that was open tells of it', () => stream.objects().includes(id));
    expect(stream.ended()).toBeNull();
    stream.stop();
    await stage.client('n1', { tls: after }).volumes.remove('rotated');
  });

  test('are cut off on every node when their certificate is revoked, in the middle of a connection', async () => {
    const tls = await certificateFor('leaving', 'operator');
    const streams = await Promise.all(['n1', 'n2'].map((name) => followEvents(stage.client(name, { tls }))));
    const [certificate] = await stage.client('n1').certificates.list({ name: 'leaving' }).all();
    await stage.lab.node('n1').must(['holdfast', 'cert', 'revoke', certificate?.serial ?? '']);
    for (const name of ['n1', 'n2']) {
      await until(`${name} knows`, async () => (await failureOf(stage.client(name, { tls, attempts: 1 }).status())).code === 'permission_denied');
      expect((await failureOf(stage.client(name, { tls, attempts: 1 }).status())).message).toMatch(/revoked/);
    }
    for (const stream of streams) await until('the open stream is cut', () => stream.ended() !== null);
  });

  test('are refused when their certificate has expired', async () => {
    const tls = await certificateFor('short', 'operator', '--ttl', '10m');
    expect((await stage.client('n2', { tls }).status()).cluster.name).toBe('prod');
    const env = { LD_PRELOAD: await stage.lab.node('n2').must('faketime -f +0 printenv LD_PRELOAD'), FAKETIME: '+20m', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    await stage.kill('n2', 'holdfastd');
    expect((await stage.tryConverge('n2', '', { env })).status).toBe(0);
    await pause(100);
    expect(await failureOf(stage.client('n2', { tls, attempts: 1 }).status())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/expired|has ended|not valid/) });
    expect((await stage.client('n1', { tls }).status()).cluster.name).toBe('prod');
  });
});
