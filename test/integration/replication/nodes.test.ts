/** A replicated volume on three nodes: real processes, real TLS, real files. What was acknowledged is looked for afterwards. */
import { afterEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { command, describeIf } from '../../lab/needs.ts';
import { until } from '../../unit/replication/nbd/memory-disk.ts';
import { BLOCK, SteadyWriter } from './steady-writer.ts';
import { replicaId, ThreeNodes, VOLUME, type Name, type Node } from './three-nodes.ts';

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;
const run = promisify(execFile);
let world: ThreeNodes;
afterEach(() => world.end());

const at = (name: string): string => path.join(world.root, name);
const stateOf = (name: Name): string | undefined => world.record.replicas.find(({ id }) => id === replicaId(name))?.state;
const allInSync = (): boolean => world.record.replicas.every(({ state }) => state === 'in-sync');

async function readBack(node: Node): Promise<Buffer> {
  await run('nbdcopy', ['--requests=64', `nbd+unix:///?socket=${node.socket}`, at('back')]);
  return readFileSync(at('back'));
}

function poke(file: string, offset: number, value: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.from([value]), 0, 1, offset);
  closeSync(fd);
}

describeIf([command('nbdcopy')], 'a volume with two replicas', () => {
  test('reads back what was written, on a node with a replica and on one without, and both replicas hold it', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, c } = world.nodes;
    for (const [index, node] of [a, c].entries()) {
      const disk = randomBytes(SIZE);
      disk.fill(0, 5 * MIB, 9 * MIB);
      writeFileSync(at('there'), disk);
      expect(await node.attach()).toBe(index + 1);
      await run('nbdcopy', ['--flush', '--requests=64', at('there'), `nbd+unix:///?socket=${node.socket}`]);
      expect((await readBack(node)).equals(disk)).toBe(true);
      expect(await node.detach()).toBe(true);
      expect(world.record).toMatchObject({ writer: null, clean: true });
      expect(readFileSync(a.image).equals(disk)).toBe(true);
      expect(world.same('a', 'b')).toBe(true);
    }
  });

  test('is written on when the process of a replica is killed; on its return it is copied what it lacks and nothing else', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, b } = world.nodes;
    await a.attach();
    const writer = await new SteadyWriter((8 * MIB) / BLOCK).begin(a.socket);
    await writer.acknowledges(2_000);
    await b.kill();
    await writer.acknowledges(2_000);
    expect(stateOf('b')).toBe('stale');
    // In a region that nobody writes to: it stays if it is not copied.
    poke(b.image, 20 * MIB, 7);
    await b.start();
    await until(allInSync);
    await a.healthy();
    await writer.acknowledges(2_000);
    await writer.pause();
    expect(writer.errors).toBe(0);
    expect(await a.detach()).toBe(true);
    expect(readFileSync(b.image)[20 * MIB]).toBe(7);
    poke(b.image, 20 * MIB, 0);
    expect(world.same('a', 'b')).toBe(true);
    expect(writer.wrong(readFileSync(b.image))).toEqual([]);
  });

  test.each<[string, Name, Name]>([['with a replica', 'a', 'c'], ['without a replica', 'c', 'a']])('has every acknowledged write on another node after the process of its writer, %s, was killed', async (_title, from, to) => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    await world.nodes[from].attach();
    const writer = await new SteadyWriter((8 * MIB) / BLOCK, 32).begin(world.nodes[from].socket);
    await writer.acknowledges(3_000);
    await world.nodes[from].kill();
    await until(() => writer.closedBy !== null);
    await world.nodes[to].attach();
    expect(writer.wrong(await readBack(world.nodes[to]))).toEqual([]);
    await writer.begin(world.nodes[to].socket);
    await writer.acknowledges(1_000);
    await world.nodes[from].start();
    await until(allInSync);
    await world.nodes[to].healthy();
    await writer.pause();
    expect(writer.wrong(await readBack(world.nodes[to]))).toEqual([]);
    expect(await world.nodes[to].detach()).toBe(true);
    expect(world.same('a', 'b')).toBe(true);
  });

  test('holds its requests while no replica is there, and answers them when they are back', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, b, c } = world.nodes;
    await c.attach();
    const writer = await new SteadyWriter((8 * MIB) / BLOCK).begin(c.socket);
    await writer.acknowledges(1_000);
    await Promise.all([a.kill(), b.kill()]);
    await until(() => c.told.some(({ what }) => what === 'Parked'));
    expect(writer.inFlight).toBeGreaterThan(0);
    await Promise.all([a.start(), b.start()]);
    await writer.acknowledges(1_000);
    await c.healthy();
    await writer.pause();
    expect(writer.errors).toBe(0);
    expect(writer.wrong(await readBack(c))).toEqual([]);
    expect(await c.detach()).toBe(true);
    expect(world.same('a', 'b')).toBe(true);
  });

  test('needs no store to be written on, and acknowledges nothing that a lost replica lacks before the store has let it go', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, b } = world.nodes;
    await a.attach();
    const writer = await new SteadyWriter((8 * MIB) / BLOCK).begin(a.socket);
    world.storeAway = true;
    await writer.acknowledges(5_000);
    await b.kill();
    await until(() => a.told.some(({ what }) => what === 'ReplicaFailed'));
    await writer.onItsWay();
    const before = writer.acknowledged;
    await a.state();
    await writer.onItsWay();
    expect([writer.acknowledged, stateOf('b')]).toEqual([before, 'in-sync']);
    world.storeAway = false;
    await writer.acknowledges(2_000);
    expect(stateOf('b')).toBe('stale');
    await b.start();
    await until(allInSync);
    await a.healthy();
    await writer.pause();
    expect(writer.errors).toBe(0);
    expect(await a.detach()).toBe(true);
    expect(world.same('a', 'b')).toBe(true);
    expect(writer.wrong(readFileSync(b.image))).toEqual([]);
  });

  test('loses nothing while its replicas are killed again and again, also while they return', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, b, c } = world.nodes;
    await c.attach();
    const writer = await new SteadyWriter(SIZE / BLOCK, 32).begin(c.socket);
    for (let round = 0; round < 6; round += 1) {
      await writer.acknowledges(500);
      const victim = round % 3 === 2 ? a : b;
      await victim.kill();
      await victim.start();
      if (round % 2 === 0) await until(() => world.record.replicas.some(({ state }) => state !== 'in-sync') || allInSync());
      else await until(allInSync);
    }
    await until(allInSync);
    await c.healthy();
    await writer.pause();
    expect(writer.errors).toBe(0);
    expect(writer.wrong(await readBack(c))).toEqual([]);
    expect(await c.detach()).toBe(true);
    expect(world.same('a', 'b')).toBe(true);
  });

  test('ends its device on a node that was frozen while another one took it over, and what that one wrote stays', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, c } = world.nodes;
    await c.attach();
    const frozen = await new SteadyWriter((4 * MIB) / BLOCK).begin(c.socket);
    await frozen.acknowledges(1_000);
    c.freeze();
    await a.attach();
    expect(frozen.wrong(await readBack(a))).toEqual([]);
    frozen.pauseSoon();
    const before = frozen.acknowledged;
    const writer = await new SteadyWriter((4 * MIB) / BLOCK).begin(a.socket);
    await writer.acknowledges(3_000);
    c.thaw();
    await until(() => frozen.closedBy !== null);
    expect(frozen.acknowledged).toBe(before);
    await writer.acknowledges(1_000);
    await writer.pause();
    await a.healthy();
    expect(await a.detach()).toBe(true);
    expect(world.same('a', 'b')).toBe(true);
    expect(writer.wrongWhereWritten(readFileSync(a.image))).toEqual([]);
  });
});

describeIf([command('nbdcopy')], 'a replica whose image was cut off behind its back', () => {
  test('is noticed while it is served, leaves the set, and is never taken back, across restarts too', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, b } = world.nodes;
    await a.attach();
    const writer = await new SteadyWriter((8 * MIB) / BLOCK).begin(a.socket);
    await writer.acknowledges(1_000);
    truncateSync(b.image, 12 * MIB);
    await until(() => stateOf('b') === 'stale');
    await writer.acknowledges(1_000);
    truncateSync(b.image, SIZE); // as long as before, with zeroes
    await b.kill();
    await b.start();
    expect(await b.order<{ damaged: string | null }>({ do: 'replica', volume: VOLUME })).toMatchObject({ damaged: expect.stringContaining('damaged') });
    await writer.acknowledges(2_000);
    await writer.pause();
    expect(stateOf('b')).toBe('stale');
    expect(writer.wrong(await readBack(a))).toEqual([]);
  });

  test('is not served when it happened while nobody looked', async () => {
    world = await new ThreeNodes(SIZE, ['a', 'b']).begin();
    const { a, b, c } = world.nodes;
    await b.kill();
    truncateSync(b.image, 12 * MIB);
    await b.start();
    await c.attach();
    expect(stateOf('b')).toBe('stale');
    const writer = await new SteadyWriter((8 * MIB) / BLOCK).begin(c.socket);
    await writer.acknowledges(500);
    await writer.pause();
    expect(writer.wrong(await readBack(c))).toEqual([]);
    expect(writer.wrong(readFileSync(a.image))).toEqual([]);
  });
});
