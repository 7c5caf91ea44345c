/** A mirror and two replicas in this process, on real files: what becomes of memory, of media that fail, and of a device that must end. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ReplicationRecord } from '../../../../src/model/volume.ts';
import { connectHere } from '../../../../src/replication/io/connection.ts';
import { MirrorHost, type DeviceResult, type Tale } from '../../../../src/replication/io/mirror-host.ts';
import type { Records } from '../../../../src/replication/io/records.ts';
import { openReplica, type ReplicaHost } from '../../../../src/replication/io/replica-host.ts';
import { SlabPool, type View } from '../../../../src/replication/nbd/slab.ts';
import type { Fenced, Refusal, ReplicaAnswer, ReplicaRequest } from '../../../../src/replication/protocol/messages.ts';
import type { ClientRequest } from '../../../../src/replication/protocol/mirror-state.ts';
import { TIMING, type Timing } from '../../../../src/replication/protocol/timing.ts';
import { createReplicaFiles } from '../../../../src/replication/storage/replica-files.ts';

const MIB = 1024 * 1024;
const SIZE = 8 * MIB;
const FAST: Timing = { ...TIMING, grant_ms: 400, grant_margin_ms: 50, renew_ms: 100, retry_ms: 50, reopen_ms: 100, patience_ms: 200, fence_ms: 2_000 };
type Name = 'a' | 'b';

let directory: string;
let hosts: Map<Name, ReplicaHost>;
let mirror: MirrorHost | null;
let record: ReplicationRecord;
let revision: number;
let tales: Tale[];
let ended: string[];
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-hosts-'));
  hosts = new Map();
  mirror = null;
  tales = [];
  ended = [];
  revision = 1;
  record = { history: 1, generation: 0, set_version: 1, size: SIZE, writer: null, clean: true, attaching: null, snapshots: [], replicas: (['a', 'b'] as const).map((id) => ({ id, node: id, pool: 'p', filesystem: 'f', state: 'in-sync', home: null })) };
});
afterEach(async () => {
  mirror?.abandon();
  for (const host of hosts.values()) await host.close();
  rmSync(directory, { recursive: true });
});

const fileOf = (name: Name): string => path.join(directory, name, 'data.1.img');
const placeOf = (name: Name, boot: string): { directory: string; volume: string; replica: string; boot: string } => ({ directory: path.join(directory, name), volume: 'v', replica: name, boot });
async function make(name: Name, history: number | null = 1): Promise<void> {
  mkdirSync(path.join(directory, name));
  await createReplicaFiles(placeOf(name, 'boot-1'), { size: SIZE, history, generation: 0 });
}
async function serve(name: Name, boot = 'boot-1'): Promise<ReplicaHost> {
  const host = await openReplica({ ...placeOf(name, boot), timing: FAST });
  hosts.set(name, host);
  return host;
}
async function both(boot = 'boot-1'): Promise<void> {
  for (const name of ['a', 'b'] as const) await serve(name, boot);
}
/** All at once: of those that go one after the other, the first one leaves the set, and the write that it lacks is acknowledged. */
async function stop(...names: Name[]): Promise<void> {
  const going = names.map((name) => hosts.get(name));
  for (const name of names) hosts.delete(name);
  await Promise.all(going.map(async (host) => host?.close()));
}

const records: Records = {
  read: async () => ({ kind: 'read', revision, record, alive: ['lease'] }),
  cas: async (seen, wanted) => {
    if (seen !== revision) return { kind: 'conflict' };
    record = wanted;
    revision += 1;
    return { kind: 'committed', revision };
  },
};

async function attach(resumes = false): Promise<MirrorHost> {
  mirror = new MirrorHost({
    volume: 'v', self: () => ({ node: 'a', lease: 'lease' }), records, timing: FAST, min_in_sync: 1, resumes, tell: (tale) => void tales.push(tale), ended: (why) => void ended.push(why),
    connect: ({ id }, generation, incarnation, events) => {
      const host = hosts.get(id as Name);
      if (host !== undefined) return connectHere(host, generation, incarnation, events);
      queueMicrotask(() => events.lost('it is away'));
      return { send: () => undefined, flush: () => undefined, close: () => undefined, owed: 0 };
    },
  });
  await mirror.begin();
  return mirror;
}

const ask = (to: MirrorHost, request: ClientRequest<View>, look: (result: DeviceResult) => void = () => undefined): Promise<DeviceResult> => new Promise((resolve) => to.request(request, (result) => {
  look(result);
  resolve(result);
}));
/** Large enough to have a slab of its own, which tells whether anybody still needs it. */
function payload(fill: number): View {
  const view = new SlabPool().view(MIB);
  view.bytes.fill(fill);
  return view;
}
async function until(so: () => boolean): Promise<void> {
  for (let since = Date.now(); !so();) {
    if (Date.now() - since > 20_000) throw new Error(`not within 20 s; told: ${JSON.stringify(tales)}`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}
const write = async (to: MirrorHost, offset: number, fill: number): Promise<DeviceResult> => {
  const data = payload(fill);
  const result = await ask(to, { kind: 'write', offset, length: MIB, data, fua: false });
  data.release();
  return result;
};

test('a payload is let go by everybody when it has been answered, and what was read when its answer is out', async () => {
  for (const name of ['a', 'b'] as const) await make(name);
  await both();
  const to = await attach();
  const data = payload(7);
  expect(await ask(to, { kind: 'write', offset: MIB, length: MIB, data, fua: true })).toEqual({ ok: true });
  data.release();
  expect(data.slab.used).toBe(false);
  const read: { bytes: Buffer; view: View }[] = [];
  await ask(to, { kind: 'read', offset: MIB, length: MIB }, (result) => {
    if (result !== 'ESHUTDOWN' && result.ok && result.data !== undefined) read.push({ bytes: Buffer.from(result.data.bytes), view: result.data });
  });
  expect(read[0]?.bytes.equals(Buffer.alloc(MIB, 7))).toBe(true);
  expect(read[0]?.view.slab.used).toBe(false);
  expect(await to.release()).toBe(true);
  expect(readFileSync(fileOf('a')).equals(readFileSync(fileOf('b')))).toBe(true);
});

test('a payload that is held while no replica is there is written by the next mirror, and let go', async () => {
  for (const name of ['a', 'b'] as const) await make(name);
  await both();
  const to = await attach();
  const data = payload(9);
  // The first mirror has it already, and loses its replicas before they answer.
  const asked = ask(to, { kind: 'write', offset: 0, length: MIB, data, fua: false });
  await stop('a', 'b');
  await until(() => tales.some(({ what }) => what === 'Parked'));
  expect(to.unanswered).toBe(1);
  await both();
  expect(await asked).toEqual({ ok: true });
  data.release();
  expect(data.slab.used).toBe(false);
  await until(() => to.healthy);
  expect(await to.release()).toBe(true);
  expect(readFileSync(fileOf('b')).subarray(0, MIB).equals(Buffer.alloc(MIB, 9))).toBe(true);
  expect(ended).toEqual(['the volume is given back']);
});

test('the device ends when every replica was restarted with what was not flushed, and its requests are told so', async () => {
  for (const name of ['a', 'b'] as const) await make(name);
  await both();
  const to = await attach();
  expect(await write(to, 0, 1)).toEqual({ ok: true });
  await stop('a', 'b');
  const asked = write(to, MIB, 2);
  await until(() => tales.some(({ what }) => what === 'Parked'));
  await both('boot-2');
  expect(await asked).toBe('ESHUTDOWN');
  expect(ended).toEqual(['what was acknowledged and not flushed may be lost']);
  await until(() => record.writer === null);
  expect(await write(to, 0, 3)).toBe('ESHUTDOWN');
});

test('the device goes on when one replica was restarted and the other one was not', async () => {
  for (const name of ['a', 'b'] as const) await make(name);
  await both();
  const to = await attach();
  expect(await write(to, 0, 1)).toEqual({ ok: true });
  await stop('a', 'b');
  const asked = write(to, MIB, 2);
  await until(() => tales.some(({ what }) => what === 'Parked'));
  await serve('a', 'boot-2');
  await serve('b', 'boot-1');
  expect(await asked).toEqual({ ok: true });
  await until(() => to.healthy);
  expect(await to.release()).toBe(true);
  expect(readFileSync(fileOf('a')).equals(readFileSync(fileOf('b')))).toBe(true);
});

test('a device that an earlier process served ends when another node was the writer meanwhile', async () => {
  for (const name of ['a', 'b'] as const) await make(name);
  await both();
  record = { ...record, generation: 5, clean: false };
  await attach(true);
  await until(() => ended.length > 0);
  expect(ended).toEqual(['another node has written to the volume']);
});

test('an empty replica is copied as a whole, and is one of the set afterwards, across restarts', async () => {
  await make('a');
  await make('b', null);
  record = { ...record, replicas: record.replicas.map((one) => (one.id === 'b' ? { ...one, state: 'syncing' } : one)) };
  await both();
  const to = await attach();
  expect(await write(to, 3 * MIB, 5)).toEqual({ ok: true });
  await until(() => to.healthy);
  expect(await to.release()).toBe(true);
  await stop('b');
  await serve('b');
  expect(await told('b', 9)).toMatchObject({ opened: { history: 1, empty: false, restarted: 'no' } });
  expect(readFileSync(fileOf('a')).equals(readFileSync(fileOf('b')))).toBe(true);
});

type Heard = { opened: Fenced } | { refused: Refusal } | { lost: string };
const talk = (name: Name, generation: number, incarnation = 1): Promise<{ heard: Heard; ask: (request: ReplicaRequest<View>) => Promise<ReplicaAnswer<View>> }> => new Promise((resolve) => {
  const waiting = new Map<number, (answer: ReplicaAnswer<View>) => void>();
  let next = 0;
  const heard = (what: Heard): void => resolve({ heard: what, ask: (request) => new Promise((answered) => {
    next += 1;
    waiting.set(next, answered);
    connection.send(next, request);
  }) });
  const connection = connectHere(hosts.get(name) as ReplicaHost, generation, incarnation, { reached: () => undefined, opened: (opened) => heard({ opened }), refused: (refused) => heard({ refused }), lost: (lost) => heard({ lost }), answer: (id, answer) => waiting.get(id)?.(answer) });
});
const told = async (name: Name, generation: number): Promise<Heard> => (await talk(name, generation)).heard;

test('a generation that a replica was fenced to is remembered across a restart, and an older one refused', async () => {
  await make('a');
  await serve('a');
  expect(await told('a', 7)).toMatchObject({ opened: { previous: 0, restarted: 'no' } });
  await stop('a');
  await serve('a');
  expect(await told('a', 6)).toEqual({ refused: { why: 'newer', generation: 7 } });
  expect(await told('a', 8)).toMatchObject({ opened: { previous: 7, restarted: 'no' } });
});

test('another boot is told at every fence until a recovery has ended', async () => {
  await make('a');
  await serve('a', 'boot-2');
  expect(await told('a', 1)).toMatchObject({ opened: { restarted: 'boot' } });
  await stop('a');
  await serve('a', 'boot-2');
  const { heard, ask: send } = await talk('a', 2);
  expect(heard).toMatchObject({ opened: { restarted: 'boot' } });
  expect(await send({ kind: 'recovered' })).toEqual({ ok: true });
  await stop('a');
  await serve('a', 'boot-2');
  expect(await told('a', 3)).toMatchObject({ opened: { restarted: 'no' } });
});

test('a medium that failed while nobody waited for it answers nothing with OK in this mount, a restarted process neither; in the next one it is told', async () => {
  await make('a');
  const host = await serve('a');
  const { ask: send } = await talk('a', 1);
  // A recovery that is on its way when the medium fails must not clear what is to be remembered.
  const [recovered] = await Promise.all([send({ kind: 'recovered' }), Promise.resolve().then(() => host.failed('flush', 'writeback: EIO'))]);
  expect(recovered.ok).toBe(false);
  expect(await send({ kind: 'read', offset: 0, length: 4096 })).toEqual({ ok: false, error: 'io' });
  await stop('a');
  await serve('a');
  const again = await talk('a', 2);
  expect(again.heard).toMatchObject({ opened: { restarted: 'failed' } });
  for (const request of [{ kind: 'flush' }, { kind: 'recovered' }, { kind: 'intend', regions: [1] }] satisfies ReplicaRequest<View>[]) expect(await again.ask(request)).toEqual({ ok: false, error: 'io' });
  for (const boot of ['boot-2', 'boot-2']) {
    await stop('a');
    await serve('a', boot);
    const later = await talk('a', (hosts.get('a')?.generation ?? 0) + 1);
    expect(later.heard).toMatchObject({ opened: { restarted: 'failed' } });
    expect(await later.ask({ kind: 'flush' })).toEqual({ ok: true });
  }
});

test('a replica without its map takes every region for one that differs; without metadata it is damaged and refused', async () => {
  await make('a');
  rmSync(path.join(directory, 'a', 'map'));
  await serve('a');
  expect(await told('a', 1)).toMatchObject({ opened: { intent: [0, 1, 2, 3, 4, 5, 6, 7], missed: [0, 1, 2, 3, 4, 5, 6, 7] } });
  await stop('a');
  rmSync(path.join(directory, 'a', 'meta'));
  expect((await serve('a')).damaged).toContain('missing');
  expect(await told('a', 2)).toEqual({ refused: { why: 'damaged' } });
});

test('the files of another replica are not served, and those of a replica that is open are locked', async () => {
  await make('a');
  await serve('a');
  await expect(openReplica(placeOf('a', 'boot-1'))).rejects.toMatchObject({ code: 'conflict' });
  await stop('a');
  const other = await openReplica({ ...placeOf('a', 'boot-1'), replica: 'b' });
  expect(other.damaged).toContain('not replica b');
});
