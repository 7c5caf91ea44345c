/**
 * What breaks in the control plane of a cluster while somebody writes to a mounted volume: the writer notices nothing,
 * what was promised is kept, and when it is mended everything works by itself. Real machines (namespaces), daemons, etcd.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { HoldfastError } from '../../../src/model/errors.ts';
import { describeIf, etcd, filesystem, loopDevices, namespaceLab } from '../../lab/needs.ts';
import { createStage, failureOf, until, type Stage } from './stage.ts';
import { smallVolume, startTraffic } from './traffic.ts';
import { startWriter, type Writer } from './writer.ts';
import { followEvents, type Followed } from './follower.ts';

const ALL = ['n1', 'n2', 'n3'] as const;
const MOUNT = '/srv/written';
/** The fence of the cluster for one answer: a node that can do nothing says so within this. */
const ANSWER_MS = 30_000;

/** A daemon keeps a few MiB there; the rest is filled by the test. */
const QUOTA_BYTES = 16 * 2 ** 20;

let stage: Stage;
let writer: Writer;
const streams = new Map<string, Followed>();
const gaps: string[] = [];
let round = 0;

const quick = (name: string) => stage.client(name, { attempts: 1, timeoutMs: ANSWER_MS });

/** The names of all volumes as that node tells them, oldest first. */
const namesOn = async (name: string): Promise<readonly string[]> => (await stage.client(name).volumes.list().all()).map((volume) => volume.name);

/** Breaks something while changes go on, mends it, and looks whether all is as it was promised. @param gone nodes whose daemon ended meanwhile */
async function endure(what: string, breaking: () => Promise<void>, gone: readonly string[] = []): Promise<void> {
  round += 1;
  const before = await namesOn('n2');
  await writer.report();
  const traffic = startTraffic(ALL.map(quick), `r${round}`);
  await pause(500);
  try {
    await breaking();
    await pause(500);
  } finally {
    const { made, removed, unknown, refused } = await traffic.stop();
    const { longest_gap_ms, error } = await writer.report();
    gaps.push(`${what}: longest gap ${longest_gap_ms} ms; ${made.length + removed.length} changes done, refused ${JSON.stringify(refused)}`);
    expect(error).toBe('');
    expect(Object.keys(refused).filter((code) => code !== 'unavailable')).toEqual([]);
    await sound();
    const after = (await namesOn('n3')).filter((name) => !before.includes(name));
    // What was answered is so; what was not answered is there once or not at all. Names are unique, so none is there twice.
    expect(after.filter((name) => !unknown.includes(name)).sort()).toEqual([...made].filter((name) => !unknown.includes(name)).sort());
    expect(after.filter((name) => removed.includes(name))).toEqual([]);
    expect(new Set(after).size).toBe(after.length);
    for (const name of after) await stage.client('n2').volumes.remove(name);
  }
  for (const name of ALL.filter((one) => !gone.includes(one))) expect({ name, ended: streams.get(name)?.ended() }).toEqual({ name, ended: null });
  for (const name of gone) streams.set(name, await followEvents(stage.client(name)));
}

/** Every node does everything, they agree on who leads, and nothing is still under way that nobody carries out. */
async function sound(): Promise<void> {
  await until('all nodes name the same leader, and none is lost', async () => {
    const told = await Promise.all(ALL.map((name) => quick(name).status()));
    return new Set(told.map(({ leader }) => leader)).size === 1 && told[0]?.leader !== null && told.every(({ nodes }) => nodes.ready === ALL.length);
  });
  await until('no operation is left', async () => (await quick('n2').operations.list({ running: true }).all()).length === 0);
  for (const [index, name] of ALL.entries()) {
    const other = ALL[(index + 1) % ALL.length] ?? 'n1';
    const volume = `sound-${round}-${name}`;
    const { id } = await stage.client(name).volumes.create(smallVolume(volume));
    expect(await namesOn(other)).toContain(volume);
    await stage.client(other).volumes.remove(volume);
    for (const one of ALL) {
      const stream = streams.get(one);
      if (stream?.ended() === null) await until(`the stream of ${one} tells of ${volume}`, () => stream.objects().includes(id));
    }
    expect(await namesOn(name)).not.toContain(volume);
  }
}

describeIf([namespaceLab, etcd, loopDevices, filesystem('xfs')], 'a cluster of three, one of whose volumes is written to', () => {
  beforeAll(async () => {
    stage = await createStage({ nodes: 3 });
    await stage.client('n2').volumes.create({ name: 'written', size_bytes: 128 * 2 ** 20, filesystem: 'ext4', pool: 'pool-n1' });
    await stage.root('n1').volumes.publish('written', { consumer: 'writer', path: MOUNT });
    writer = await startWriter(stage.lab.node('n1'), `${MOUNT}/lines`);
    for (const name of ALL) streams.set(name, await followEvents(stage.client(name)));
  }, 240_000);
  afterAll(async () => {
    console.info(gaps.join('\n'));
    for (const stream of streams.values()) stream.stop();
    await stage?.dispose();
  }, 240_000);

  test('goes on when a follower of etcd is killed', () => endure('a follower of etcd is killed', async () => {
    const leader = await stage.etcdLeader();
    const follower = ALL.find((name) => name !== leader) ?? 'n1';
    await stage.kill(follower, 'holdfast-etcd');
    await pause(3_000);
    await stage.start(follower, 'holdfast-etcd');
  }));

  test('goes on when the leader of etcd is killed', () => endure('the leader of etcd is killed', async () => {
    const leader = await stage.etcdLeader();
    await stage.kill(leader, 'holdfast-etcd');
    const next = await stage.etcdLeader();
    expect(next).not.toBe(leader);
    await stage.client(next).volumes.create(smallVolume('without-the-leader'));
    await stage.client(next).volumes.remove('without-the-leader');
    await stage.start(leader, 'holdfast-etcd');
  }));

  test('goes on when the daemon that leads is killed: another leads', async () => {
    const { leader } = await stage.client('n1').status();
    const name = (await stage.client('n1').nodes.get(leader ?? '')).name;
    const other = ALL.find((one) => one !== name) ?? 'n1';
    await endure(`the leading daemon (${name}) is killed`, async () => {
      await stage.kill(name, 'holdfastd');
      await until('another leads', async () => {
        const now = (await quick(other).status()).leader;
        return now !== null && now !== leader;
      });
      await until('the node counts as lost', async () => (await quick(other).nodes.get(name)).status.state === 'unavailable');
      await stage.start(name);
    }, [name]);
  });

  test('goes on when the node of the writer is cut off: it says so, and the others work', () => endure('the node of the writer is cut off', async () => {
    await stage.lab.partition(['n1'], ['n2', 'n3']);
    await until('the others go on', async () => (await quick('n2').status()).leader !== null && await quick('n3').volumes.create(smallVolume('meanwhile')).then(() => true));
    await stage.client('n2').volumes.remove('meanwhile');
    const refusal = await failureOf(quick('n1').volumes.create(smallVolume('nowhere')));
    expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/control store|etcd/), detail: { hint: expect.any(String) } });
    await stage.lab.unite();
  }));

  test('goes on when all members of etcd are killed and started again', () => endure('all members of etcd are restarted', async () => {
    for (const name of ALL) await stage.kill(name, 'holdfast-etcd');
    for (const name of ALL) await stage.start(name, 'holdfast-etcd');
  }));

  test('goes on when etcd is away for 20 seconds: changes are refused in time and in words', () => endure('etcd is away for 20 s', async () => {
    for (const name of ALL) await stage.kill(name, 'holdfast-etcd');
    const away = Date.now() + 20_000;
    for (const name of ALL) {
      const refusal = await failureOf(quick(name).volumes.create(smallVolume('nowhere')));
      expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/control store|etcd/), detail: { hint: expect.any(String) } });
    }
    await pause(Math.max(0, away - Date.now()));
    for (const name of ALL) await stage.start(name, 'holdfast-etcd');
  }));

  test('goes on when its own node\'s daemon is killed and started again', () => endure('the node\'s own daemon is killed', async () => {
    await stage.kill('n1', 'holdfastd');
    await stage.start('n1');
    expect((await stage.client('n1').volumes.get('written')).status).toMatchObject({ state: 'ready', publications: [expect.objectContaining({ path: MOUNT })] });
  }, ['n1']));

  test('goes on when a drain of its node is begun and undone', () => endure('a drain is begun and undone', async () => {
    const drain = stage.client('n2').nodes.drain('n1').then(() => 'drained', (error: { readonly code: string }) => error.code);
    await until('no work is placed there', async () => (await stage.client('n3').nodes.get('n1')).spec.cordoned);
    const placed = await stage.client('n1').volumes.create(smallVolume('while-drained'));
    expect(placed.replication.replicas.map(({ node }) => node)).not.toContain((await stage.client('n1').nodes.get('n1')).id);
    await stage.client('n1').volumes.remove('while-drained');
    await stage.client('n3').nodes.undrain('n1');
    expect(await drain).toBe('failed_precondition');
    expect((await stage.client('n2').nodes.get('n1')).spec.cordoned).toBe(false);
  }));

  test('goes on when etcd is full: changes are refused with what to do, reads are answered, and room that is made is used by itself', async () => {
    await writer.report();
    for (const name of ALL) {
      await stage.kill(name, 'holdfast-etcd');
      await stage.lab.node(name).must(`sed -i 's/"quota-backend-bytes": [0-9]*/"quota-backend-bytes": ${QUOTA_BYTES}/' /etc/holdfast/etcd.conf.yml`);
    }
    for (const name of ALL) await stage.start(name, 'holdfast-etcd');
    await stage.etcdLeader();
    const leading = (await stage.client('n2').nodes.get((await stage.client('n2').status()).leader ?? '')).name;
    const other = ALL.find((name) => name !== leading) ?? 'n1';
    const store = await stage.store('n1');
    try {
      let full = false;
      for (let n = 0; n < 100 && !full; n += 1) {
        await store.txn([], [{ op: 'put', key: `/filler/${n}`, value: 'x'.repeat(900_000) }]).catch((error: HoldfastError) => {
          full = error.code === 'resource_exhausted';
          if (!full && error.code !== 'unavailable') throw error;
        });
      }
      expect(full).toBe(true);
      for (const name of ALL) {
        expect(await failureOf(quick(name).volumes.create(smallVolume('no-room')))).toMatchObject({ code: 'resource_exhausted', message: expect.stringMatching(/control store|etcd/), detail: { hint: expect.any(String) } });
        expect(await namesOn(name)).toContain('written');
      }
      // Who leads dies of all times now: as long as it is full nobody can be elected.
      await stage.kill(leading, 'holdfastd');
      await until('nobody leads', async () => (await quick(other).status()).leader === null);
      for (const { key } of (await store.list('/filler/')).entries) await store.txn([], [{ op: 'delete', key }]);
    } finally {
      await store.close();
    }
    await until('another leads', async () => (await quick(other).status()).leader !== null);
    await stage.start(leading);
    streams.set(leading, await followEvents(stage.client(leading)));
    await until('changes are taken again', async () => quick('n2').volumes.create(smallVolume('room')).then(() => true));
    await stage.client('n3').volumes.remove('room');
    await sound();
    expect((await writer.report()).error).toBe('');
  });

  test('lost no line and left nothing half done on any medium', async () => {
    const lines = await writer.stop();
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
    await stage.root('n1').volumes.unpublish('written', { path: MOUNT });
    const volumes = await stage.client('n3').volumes.list().all();
    expect(volumes.map(({ name }) => name)).toEqual(['written']);
    for (const name of ALL) {
      const left = (await stage.lab.node(name).must('ls -d /var/lib/holdfast/pools/*/*/volumes/* 2>/dev/null || :')).split('\n').filter((line) => line !== '');
      expect({ name, left: left.length }).toEqual({ name, left: name === 'n1' ? 1 : 0 });
    }
  });
});
