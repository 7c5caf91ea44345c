/** A single machine with volumes in use becomes the first node of a cluster; whoever writes to a volume notices nothing. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MIB } from '../../../src/model/bytes.ts';
import { describeIf, loopDevices } from '../../lab/needs.ts';
import { createMachines, type Machine, type Machines } from './machines.ts';

describeIf(loopDevices, 'cluster init --from-embedded', () => {
  let machines: Machines;
  let n1: Machine;
  beforeAll(() => {
    machines = createMachines();
    n1 = machines.add('n1');
  });
  afterAll(() => machines.end());

  it('takes over names, ids, snapshots, trash and events, while a mounted volume is written to', async () => {
    const directory = path.join(n1.root, 'srv');
    mkdirSync(directory, { recursive: true });
    n1.describe({ advertise: undefined, listen: undefined, pools: [{ name: 'bulk', path: directory, class: 'hdd' }] });
    await n1.converge();
    const { client } = n1;
    const mounted = await client.volumes.create({ name: 'db', size_bytes: 64 * MIB }, { idempotencyKey: 'the-db-of-that-day' });
    await client.volumes.create({ name: 'old', size_bytes: 32 * MIB });
    await client.volumes.remove('old');
    await client.snapshots.create({ volume: 'db', name: 'before' });
    const { mount_path: at } = await client.volumes.publish('db', { consumer: 'path:test' });
    const before = {
      cluster: (await client.cluster()).id, node: (await client.status()).node.id, pools: await ids(client.pools.list().all()), volumes: await ids(client.volumes.list().all()),
      snapshots: await ids(client.snapshots.list().all()), trash: await ids(client.trash.list().all()), events: await ids(client.events.list().all()),
    };

    // Each line is on the medium before the next is begun.
    const writer = spawn('sh', ['-c', 'i=0; while :; do i=$((i + 1)); echo "$i $(date +%s%N)" >>"$1/written" || exit 1; sync "$1/written" || exit 1; sleep 0.02; done', 'sh', at], { stdio: 'ignore' });
    const written = (): string[] => readFileSync(path.join(at, 'written'), 'utf8').trimEnd().split('\n');
    const { status, err, out } = await n1.holdfast(['cluster', 'init', '--name', 'prod', '--node', 'n1', '--advertise', n1.address, '--listen', n1.address, '--from-embedded', '--root', n1.root]);
    expect([status, err.replace(/waiting.*\n/g, '')]).toEqual([0, '']);
    expect(out).toContain('n1 is as this command says now');
    const lines = written().length;
    expect(writer.exitCode).toBeNull();
    while (written().length === lines) await new Promise((resolve) => { setTimeout(resolve, 20); });
    writer.kill();
    await once(writer, 'exit');

    expect(written().map((line) => Number(line.split(' ')[0]))).toEqual(written().map((_, index) => index + 1));
    expect(await client.cluster()).toMatchObject({ id: before.cluster, name: 'prod' });
    expect((await client.status()).node.id).toBe(before.node);
    expect(await ids(client.pools.list().all())).toEqual(before.pools);
    expect(await ids(client.volumes.list().all())).toEqual(before.volumes);
    expect(await ids(client.snapshots.list().all())).toEqual(before.snapshots);
    expect(await ids(client.trash.list().all())).toEqual(before.trash);
    expect(await ids(client.events.list().all())).toEqual(expect.arrayContaining(before.events));
    // A create of before the move, repeated, is that create.
    expect((await client.volumes.create({ name: 'db', size_bytes: 64 * MIB }, { idempotencyKey: 'the-db-of-that-day' })).id).toBe(mounted.id);
    expect((await client.volumes.get('db')).status.publications).toHaveLength(1);
    expect(await client.members()).toHaveLength(1);
    const store = readdirSync(path.join(n1.root, 'var/lib/holdfast/store'));
    expect(store).toEqual(expect.arrayContaining([expect.stringMatching(/^store\.db\.moved-/)]));
    expect(store).not.toContain('store.db');

    await client.volumes.unpublish('db', { consumer: 'path:test' });
    const again = await n1.holdfast(['cluster', 'init', '--name', 'prod', '--node', 'n1', '--advertise', n1.address, '--listen', n1.address, '--from-embedded', '--root', n1.root]);
    expect(again.out).toBe('nothing to do: n1 is as this command says\n');
  });

  it('is refused without being asked for, where something would be lost', async () => {
    const other = machines.add('n2');
    const directory = path.join(other.root, 'srv');
    mkdirSync(directory, { recursive: true });
    other.describe({ advertise: undefined, listen: undefined, pools: [{ name: 'bulk', path: directory }] });
    await other.converge();
    const init = await other.holdfast(['cluster', 'init', '--name', 'test', '--node', 'n2', '--advertise', other.address, '--root', other.root]);
    expect([init.status, init.err]).toEqual([4, expect.stringMatching(/this machine holds 1 pool and 0 volumes of its own/)]);
    const join = await other.holdfast(['cluster', 'join', '--node', 'n2', '--advertise', other.address, '--at', n1.address, '--root', other.root], { HOLDFAST_JOIN_TOKEN: 'x' });
    expect([join.status, join.err]).toEqual([4, expect.stringMatching(/would not come along into the cluster/)]);
    expect(await other.converge()).toMatchObject({ changed: 0 });
  });
});

const ids = async (listed: Promise<readonly { readonly id: string }[]>): Promise<string[]> => (await listed).map(({ id }) => id).sort();
