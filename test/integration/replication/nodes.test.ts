/** A replicated volume on three nodes: real processes, real TLS, real files. What was acknowledged is looked for afterwards. */
import { afterEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { command, describeIf } from '../../lab/needs.ts';
import { ThreeNodes } from './three-nodes.ts';

const MIB = 1024 * 1024;
const run = promisify(execFile);
let world: ThreeNodes;
afterEach(() => world.end());

describeIf([command('nbdcopy')], 'a volume with two replicas', () => {
  test('reads back what was written, on a node with a replica and on one without, and both replicas hold it', async () => {
    const size = 24 * MIB;
    world = await new ThreeNodes(size, ['a', 'b']).begin();
    const { a, c } = world.nodes;
    const there = path.join(world.root, 'there');
    const back = path.join(world.root, 'back');
    for (const [index, node] of [a, c].entries()) {
      const disk = randomBytes(size);
      disk.fill(0, 5 * MIB, 9 * MIB);
      writeFileSync(there, disk);
      expect(await node.attach()).toBe(index + 1);
      await run('nbdcopy', ['--flush', '--requests=64', there, `nbd+unix:///?socket=${node.socket}`]);
      await run('nbdcopy', ['--requests=64', `nbd+unix:///?socket=${node.socket}`, back]);
      expect(readFileSync(back).equals(disk)).toBe(true);
      expect(await node.detach()).toBe(true);
      expect(world.record).toMatchObject({ writer: null, clean: true });
      expect(readFileSync(a.image).equals(disk)).toBe(true);
      expect(world.same('a', 'b')).toBe(true);
    }
  });
});
