/** The disk is full while a machine becomes a node: there is a whole identity or none, it is said what to do, and the next run goes on. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describeIf, filesystem } from '../../lab/needs.ts';
import { createMachines, nodeToken, type Machine, type Machines, type Ran } from './machines.ts';

describeIf([filesystem('tmpfs')], 'on a disk that is full', () => {
  let machines: Machines;
  let [n1, n2] = [] as unknown as [Machine, Machine];
  beforeAll(() => {
    machines = createMachines();
    [n1, n2] = [machines.add('n1'), machines.add('n2')];
  });
  afterAll(() => machines.end());

  const etc = (machine: Machine): string => path.join(machine.root, 'etc/holdfast');
  const room = (machine: Machine, files: number): unknown => execFileSync('mount', ['-t', 'tmpfs', '-o', `remount,nr_inodes=${files}`, 'tmpfs', etc(machine)]);
  /** A filesystem of its own for keys and configuration. */
  const smallDisk = (machine: Machine): unknown => execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=100,size=1m', 'tmpfs', etc(machine)]);
  const converge = (machine: Machine, token = ''): Promise<Ran> => machine.holdfast(['node', 'converge', '--config', machine.nodeFile, '--root', machine.root], { HOLDFAST_JOIN_TOKEN: token });

  function expectFull({ status, err }: Ran, machine: Machine): void {
    expect([status, err]).toEqual([1, expect.stringMatching(/no space \(or inodes\) left on the disk of .*etc\/holdfast/)]);
    expect(err).toContain('converge again');
    // Nobody is shown where in our program it was.
    expect(err).not.toContain('    at ');
    expect(existsSync(path.join(etc(machine), 'pki'))).toBe(false);
  }

  it('the first node gets no half identity, and a whole one when there is room again', async () => {
    smallDisk(n1);
    n1.describe({ cluster: { init: { name: 'prod' } } });
    for (const files of [1, 3, 8, 12]) {
      room(n1, files);
      expectFull(await converge(n1), n1);
      rmSync(path.join(etc(n1), 'pki.making'), { recursive: true, force: true });
    }
    room(n1, 14);
    // Keys and certificates have room now, the configuration has not.
    expect((await converge(n1)).err).toMatch(/no space/);
    expect(existsSync(path.join(etc(n1), 'pki/membership.json'))).toBe(true);
    room(n1, 100);
    expect(await n1.converge()).toMatchObject({ node: { name: 'n1', running: true } });
    expect(await n1.converge()).toMatchObject({ changed: 0 });
  });

  it('a machine that joins keeps the keys that it began with, and its token goes on to be good', async () => {
    smallDisk(n2);
    n2.describe({ cluster: { join: { endpoints: [n1.address] } } });
    const token = await nodeToken(n1, { node_roles: ['storage'] });
    // No room for keys; then for the keys, and not for the answer, which is lost.
    for (const files of [2, 5]) {
      room(n2, files);
      expectFull(await converge(n2, token), n2);
    }
    room(n2, 100);
    expect(await n2.converge({ HOLDFAST_JOIN_TOKEN: token })).toMatchObject({ node: { name: 'n2', running: true } });
    expect(await n2.converge()).toMatchObject({ changed: 0 });
    expect((await n1.client.nodes.list().all()).map(({ name }) => name).sort()).toEqual(['n1', 'n2']);
  });
});
