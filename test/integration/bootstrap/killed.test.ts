/** Converge is killed (kill -9) in the middle of every change and between every two; the next run ends what it began. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createMachines, nodeToken, run, type Machine, type Machines } from './machines.ts';

let machines: Machines;
let n1: Machine;
beforeAll(() => {
  machines = createMachines();
  n1 = machines.add('n1');
});
afterAll(() => machines.end());

const WORKER = path.join(import.meta.dirname, 'worker.ts');
const COMPLETE = ['ca.crt', 'issuer.crt', 'issuer.key', 'membership.json', 'node.crt', 'node.key', 'store-ca.crt', 'store-issuer.crt', 'store-issuer.key', 'store.crt', 'store.key'];

/** Runs until it was killed at every moment in turn; @returns how often it was. */
async function killedEverywhere(machine: Machine, env: Readonly<Record<string, string>> = {}): Promise<number> {
  for (let kills = 0; ; kills += 1) {
    // Two moments further each time: one kill falls into a change, the next between two.
    const { status, err } = await run([process.execPath, '--disable-warning=ExperimentalWarning', WORKER, machine.nodeFile, machine.root, String(1 + (kills % 3))], env);
    const pki = path.join(machine.root, 'etc/holdfast/pki');
    // There is a whole identity, or none.
    if (existsSync(pki)) expect(readdirSync(pki).filter((file) => COMPLETE.includes(file)).sort()).toEqual(COMPLETE);
    if (status === 0) return kills;
    expect(`${String(status)} ${err}`).toBe('null ');
    if (kills > 60) throw new Error('it comes to no end');
  }
}

it('at every moment of making the first node', async () => {
  const directory = path.join(n1.root, 'srv');
  mkdirSync(directory, { recursive: true });
  n1.describe({ zone: 'z1', cluster: { init: { name: 'prod' } }, pools: [{ name: 'bulk', path: directory }] });
  expect(await killedEverywhere(n1)).toBeGreaterThan(4);
  expect(await n1.converge()).toMatchObject({ changed: 0 });
  expect((await n1.client.pools.list().all()).map(({ name }) => name)).toEqual(['bulk']);
  expect(await n1.client.members()).toHaveLength(1);
});

it('at every moment of joining: one token, one node, one member', async () => {
  const n2 = machines.add('n2');
  n2.describe({ roles: ['control', 'storage'], cluster: { join: { endpoints: [n1.address] } } });
  expect(await killedEverywhere(n2, { HOLDFAST_JOIN_TOKEN: await nodeToken(n1) })).toBeGreaterThan(4);
  expect(await n2.converge()).toMatchObject({ changed: 0 });
  expect((await n1.client.nodes.list().all()).map(({ name }) => name).sort()).toEqual(['n1', 'n2']);
  expect((await n1.client.members()).map(({ learner }) => learner)).toEqual([false, false]);
});
