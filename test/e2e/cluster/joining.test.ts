/**
 * Machines that join and leave when things go wrong: tokens that are not good, clocks, names, kills at any moment, a dead
 * node whose place another machine takes. The cluster is never left with half a node, nor a machine with half an identity.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { command, describeIf, etcd, filesystem, loopDevices, namespaceLab } from '../../lab/needs.ts';
import { createStage, failureOf, until, type Stage } from './stage.ts';

/** Its shortest life; it is made first and tried last. */
const SHORTEST_MS = 60_000;
const VOLUME = { size_bytes: 64 * 2 ** 20, filesystem: 'ext4' } as const;

let stage: Stage;
let shortLived: string;
const address = (name: string): string => stage.lab.node(name).address;
const nodeNames = async (): Promise<readonly string[]> => (await stage.client('n1').nodes.list().all()).map(({ name }) => name).sort();
const memberNames = async (): Promise<readonly string[]> => (await stage.client('n1').members()).map(({ name, learner }) => `${name}${learner ? ' (learner)' : ''}`).sort();

describeIf([namespaceLab, etcd, loopDevices, filesystem('xfs'), command('faketime')], 'a machine that joins', () => {
  beforeAll(async () => {
    stage = await createStage({ nodes: 4, members: 1 });
    shortLived = await stage.token({ ttl_ms: SHORTEST_MS });
  }, 240_000);
  afterAll(() => stage?.dispose(), 240_000);

  /** Tries to join with what is not good: says so, and leaves nothing behind. */
  async function refused(machine: string, { more = {}, token, status, says, env = {} }: { readonly more?: object; readonly token: string; readonly status: number; readonly says: RegExp; readonly env?: Readonly<Record<string, string>> }): Promise<void> {
    const [nodes, members] = [await nodeNames(), await memberNames()];
    await stage.describe(machine, { cluster: { join: { endpoints: [address('n1')] } }, ...more });
    const got = await stage.tryConverge(machine, token, { env });
    expect({ status: got.status, stderr: got.stderr }).toEqual({ status, stderr: expect.stringMatching(says) });
    // What was wrong, and below it what to do; nothing of the token.
    expect(got.stderr.trim().split('\n').length).toBeGreaterThan(1);
    expect(got.stderr).not.toContain(token.split('.')[2] ?? token);
    expect((await stage.lab.node(machine).must('ls -A /etc/holdfast')).split('\n').filter((name) => !['node.json', 'pki.joining'].includes(name))).toEqual([]);
    expect([await nodeNames(), await memberNames()]).toEqual([nodes, members]);
  }

  test('is refused with a token that is wrong, withdrawn, for something else, or of another cluster', async () => {
    const good = await stage.token();
    const [kind = '', id = '', secret = '', pin = ''] = good.split('.');
    await refused('n2', { token: [kind, id, 'A'.repeat(43), pin].join('.'), status: 1, says: /the join token is not|no such|wrong|join token/ });
    await refused('n2', { token: secret, status: 2, says: /not a join token/ });
    await stage.root('n1').tokens.remove(`tok_${id}`);
    await refused('n2', { token: good, status: 1, says: /join token/ });
    await refused('n2', { token: await stage.token({ node_roles: ['storage'] }), status: 1, says: /does not allow the role control; it allows storage/ });
    await refused('n2', { token: (await stage.root('n1').tokens.create({ grants: 'operator' })).token, status: 1, says: /operator/ });
    await refused('n2', { token: await stage.token({ name: 'n9' }), status: 1, says: /n9/ });
  });

  test('is refused before anything is sent when the endpoint is another cluster, and told who does not answer', async () => {
    await stage.describe('n4', { cluster: { init: { name: 'other' } }, pools: [] });
    await stage.converge('n4');
    const token = await stage.token();
    await refused('n2', { token, more: { cluster: { join: { endpoints: [address('n4')] } } }, status: 1, says: new RegExp(`${address('n4')}:7480 belongs to another cluster than the token`) });
    await refused('n2', { token, more: { cluster: { join: { endpoints: [`${address('n4').replace(/\d+$/, '')}99`] } } }, status: 5, says: /no endpoint answers the join/ });
  });

  test('is refused when its clock is an hour off, naming both times, and when its name is taken by a node that lives', async () => {
    const token = await stage.token();
    for (const offset of ['-1h', '+1h']) {
      await refused('n2', { token, status: 4, says: /the clocks differ too much: it is \S+ on n2, and \S+ in the cluster/, env: { LD_PRELOAD: (await stage.lab.node('n2').must('faketime -f +0 printenv LD_PRELOAD')), FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' } });
    }
    await refused('n2', { token, more: { name: 'n1', pools: [] }, status: 4, says: /there is a node n1 already \(node_\w+, \S+\), and it lives/ });
  });

  test('joins at last with a good token, though converge and daemons are killed again and again; the token works once', async () => {
    const token = await stage.token();
    await stage.describe('n2', { cluster: { join: { endpoints: [address('n1')] } } });
    const rounds = 9;
    for (let round = 0; round < rounds; round += 1) {
      const converging = stage.lab.node('n2').spawn(['holdfast', 'node', 'converge', '-o', 'json'], { env: { HOLDFAST_JOIN_TOKEN: token } });
      const ended = new Promise((resolve) => { converging.once('close', resolve); });
      await Promise.race([pause(400 + Math.random() * 2_500), ended]);
      converging.kill('SIGKILL');
      await ended;
      // Who is killed besides: nobody, the new daemon, or the daemon that it joins by.
      const victim = [null, 'n2', 'n1'][round % 3] ?? null;
      if (victim !== null && stage.runs(victim, 'holdfastd')) await stage.kill(victim, 'holdfastd');
      if (victim === 'n1') await stage.start('n1');
    }
    await stage.converge('n2', token);
    expect(await stage.converge('n2')).toMatchObject({ changed: 0, node: { name: 'n2', running: true } });
    expect(await nodeNames()).toEqual(['n1', 'n2']);
    expect(await memberNames()).toEqual(['n1', 'n2']);
    await refused('n3', { token, status: 1, says: /already used|was used/ });
  });

  test('goes on when its clock is an hour ahead: all are told, it stays alive, and works', async () => {
    const [n1, n2] = [stage.client('n1'), stage.client('n2')];
    await stage.kill('n2', 'holdfastd');
    const { status, stderr } = await stage.tryConverge('n2', undefined, { env: { LD_PRELOAD: await stage.lab.node('n2').must('faketime -f +0 printenv LD_PRELOAD'), FAKETIME: '+1h', FAKETIME_DONT_FAKE_MONOTONIC: '1' } });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    await until('the others tell of its clock', async () => (await n1.nodes.get('n2')).status.conditions.some(({ type, message }) => type === 'ClockSkew' && message.includes('60 minutes ahead')));
    for (let second = 0; second < 15; second += 1) {
      expect((await n1.nodes.get('n2')).status.state).toBe('ready');
      await pause(1_000);
    }
    expect((await n2.volumes.create({ name: 'of-later', ...VOLUME, pool: 'pool-n2' })).status.state).toBe('ready');
    await n1.volumes.remove('of-later', { purge: true });
    await stage.kill('n2', 'holdfastd');
    await stage.start('n2');
    await until('its clock is right again', async () => (await n1.nodes.get('n2')).status.conditions.length === 0);
  });

  test('drains though daemons are killed again and again: one drain, which ends when the last mount is gone', async () => {
    await stage.client('n1').volumes.create({ name: 'mounted', ...VOLUME, pool: 'pool-n2' });
    await stage.root('n2').volumes.publish('mounted', { consumer: 'somebody', path: '/srv/mounted' });
    const client = stage.client('n1');
    const { id } = await client.nodes.get('n2');
    for (let round = 0; round < 8; round += 1) {
      const drain = client.nodes.drain('n2', { timeoutMs: 500 }).then(() => 'drained', (error: { readonly code: string }) => error.code);
      await pause(Math.random() * 500);
      const victim = round % 2 === 0 ? 'n1' : 'n2';
      await stage.kill(victim, 'holdfastd');
      expect(await drain).toBe('unavailable');
      await stage.start(victim);
    }
    await until('the drain is under way', async () => (await client.nodes.get('n2')).status.state === 'draining');
    await stage.root('n2').volumes.unpublish('mounted', { path: '/srv/mounted' });
    await client.nodes.drain('n2');
    expect((await client.nodes.get('n2')).status.state).toBe('drained');
    await until('no drain runs on', async () => (await client.operations.list({ target: id, running: true }).all()).length === 0);
    await client.nodes.undrain('n2');
    expect(await stage.converge('n2')).toMatchObject({ changed: 0 });
  });

  test('takes the place of a dead node: the same node, and with its disk the same volumes and data', async () => {
    await stage.join('n3');
    const { id } = await stage.client('n1').nodes.get('n3');
    await stage.client('n1').volumes.create({ name: 'kept', ...VOLUME, pool: 'pool-n3' });
    await stage.root('n3').volumes.publish('kept', { consumer: 'app', path: '/srv/kept' });
    await stage.lab.node('n3').must('echo precious >/srv/kept/data; sync');
    const live = await failureOf(stage.root('n1').tokens.create({ grants: 'node', node_roles: ['control', 'storage'], replaces: 'n3' }));
    expect(live).toMatchObject({ code: 'conflict', message: expect.stringContaining('n3 lives') });
    await stage.lab.node('n3').kill();
    await until('n3 counts as lost', async () => (await stage.client('n1').nodes.get('n3')).status.state === 'unavailable');
    expect(await failureOf(stage.client('n2').nodes.remove('n3'))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('kept'), detail: { hint: expect.stringContaining('--abandon') } });

    // n4 was a cluster of its own; a new machine is one that knows nothing.
    for (const service of ['holdfastd', 'holdfast-etcd'] as const) await stage.kill('n4', service);
    await stage.lab.node('n4').must('rm -rf /etc/holdfast /var/lib/holdfast /run/holdfast && mkdir /etc/holdfast');
    const machine = { name: 'n3', advertise: address('n4'), pools: [{ name: 'pool-n3', devices: [stage.disks.get('n3')] }] };
    await refused('n4', { token: await stage.token(), more: machine, status: 4, says: /there is a node n3 already .* is not to be reached/ });
    await stage.describe('n4', { ...machine, cluster: { join: { endpoints: [address('n1')] } } });
    expect((await stage.converge('n4', await stage.token({ replaces: 'n3' }))).node).toMatchObject({ id, name: 'n3' });
    expect(await nodeNames()).toEqual(['n1', 'n2', 'n3']);
    await until('n3 has one vote, and not two', async () => (await memberNames()).join() === 'n1,n2,n3');
    await until('its volume is there', async () => (await stage.client('n1').volumes.get('kept')).status.state !== 'unavailable');
    await stage.root('n4').volumes.publish('kept', { consumer: 'app', path: '/srv/kept' });
    expect(await stage.lab.node('n4').must('cat /srv/kept/data')).toBe('precious');
    await stage.root('n4').volumes.unpublish('kept', { path: '/srv/kept' });
  });

  test('is given up with what only it held when it comes back no more', async () => {
    await stage.lab.node('n4').kill();
    await until('n3 counts as lost', async () => (await stage.client('n1').nodes.get('n3')).status.state === 'unavailable');
    await stage.client('n1').nodes.remove('n3', { abandon: true });
    expect(await nodeNames()).toEqual(['n1', 'n2']);
    expect(await memberNames()).toEqual(['n1', 'n2']);
    const volume = await stage.client('n2').volumes.get('kept');
    expect(volume.status).toMatchObject({ state: 'unavailable', conditions: expect.arrayContaining([expect.objectContaining({ type: 'ReplicaLost' })]) });
    await stage.client('n2').volumes.remove('kept', { purge: true });
    // Whoever has its keys is not let in any more.
    await stage.lab.node('n4').boot();
    const certificates = Object.fromEntries(['ca', 'cert', 'key'].map((what) => [what, stage.file('n4', `/etc/holdfast/pki/${what === 'ca' ? 'ca.crt' : `node.${what === 'cert' ? 'crt' : 'key'}`}`)]));
    expect(await failureOf(stage.client('n1', { tls: certificates, attempts: 1 }).status())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/revoked/) });
  });

  test('leaves when it is drained and empty, and its daemon is refused afterwards', async () => {
    const client = stage.client('n1');
    expect(await failureOf(client.nodes.remove('n2'))).toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/drained before it is removed/) });
    await client.nodes.drain('n2');
    expect(await failureOf(client.nodes.remove('n2'))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('mounted') });
    await client.volumes.remove('mounted', { purge: true });
    await client.nodes.remove('n2');
    expect(await nodeNames()).toEqual(['n1']);
    expect(await memberNames()).toEqual(['n1']);
    const certificates = Object.fromEntries(['ca', 'cert', 'key'].map((what) => [what, stage.file('n2', `/etc/holdfast/pki/${what === 'ca' ? 'ca.crt' : `node.${what === 'cert' ? 'crt' : 'key'}`}`)]));
    expect(await failureOf(stage.client('n1', { tls: certificates, attempts: 1 }).status())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/revoked/) });
    const again = await stage.tryConverge('n2');
    expect([again.status === 0, again.stderr]).toEqual([false, expect.stringMatching(/is not in the cluster any more: it was removed/)]);
    expect(await nodeNames()).toEqual(['n1']);
  });

  test('is refused with a token that has expired', async () => {
    const { expires_at } = (await stage.root('n1').tokens.list().all()).find(({ id }) => shortLived.includes(id.replace('tok_', ''))) ?? { expires_at: new Date(0).toISOString() };
    await pause(Math.max(0, Date.parse(expires_at) - Date.now() + 1_000));
    await stage.lab.node('n3').boot();
    await stage.lab.node('n3').must('rm -rf /etc/holdfast /var/lib/holdfast && mkdir /etc/holdfast');
    await refused('n3', { token: shortLived, status: 1, says: /expired|join token/ });
  });
});
