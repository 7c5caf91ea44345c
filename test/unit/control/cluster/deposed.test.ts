/** Who leads no more, and does not know it yet: nothing that it still writes counts. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Write } from '../../../../src/control/ports/store.ts';
import type { Node } from '../../../../src/model/node.ts';
import { testCluster, type TestCluster, type TestNode } from './bench.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

/** Takes the title away right before such a write, once. @returns whether that write was carried out; null: it never came. */
function deposeBefore(which: (write: Write) => boolean): () => boolean | null {
  const { store } = cluster;
  const txn = store.txn.bind(store);
  let carriedOut: boolean | null = null;
  store.txn = async (compare, writes) => {
    if (!writes.some(which)) return txn(compare, writes);
    store.txn = txn;
    await txn([], [{ op: 'delete', key: '/leader' }]);
    const done = await txn(compare, writes);
    carriedOut = done.committed;
    return done;
  };
  return () => carriedOut;
}

const drained = async (): Promise<readonly [TestNode, TestNode]> => {
  cluster = await testCluster(['n1', 'n2', 'n3'], { pool: true });
  const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
  await cluster.done(n1, n1.control.drainNode('n2'));
  return [n1, n2];
};

describe('a leader that was deposed in this moment', () => {
  it('ends no drain', async () => {
    cluster = await testCluster(['n1', 'n2', 'n3']);
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    const carriedOut = deposeBefore((write) => write.op === 'put' && write.key === `/nodes/${n2.id}` && (write.value as Node).status.state === 'drained');
    await cluster.done(n1, n1.control.drainNode('n2'));
    expect(carriedOut()).toBe(false);
    // The next one has ended it.
    expect((await n1.control.getNode('n2')).status.state).toBe('drained');
  });

  it.each(['/pools/', '/nodes/'])('removes nothing below %s', async (prefix) => {
    const [n1, n2] = await drained();
    const carriedOut = deposeBefore((write) => write.op === 'delete' && write.key.startsWith(prefix));
    await cluster.done(n1, n1.control.removeNode('n2'));
    expect(carriedOut()).toBe(false);
    expect((await n1.control.listNodes()).items.map(({ id }) => id)).not.toContain(n2.id);
  });

  it('gives no volume up', async () => {
    cluster = await testCluster(['n1', 'n2', 'n3'], { pool: true });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    await cluster.done(n1, n1.control.createVolume({ name: 'a', pool: 'p-n2' }));
    n2.kill();
    await cluster.pass(15_000);
    const carriedOut = deposeBefore((write) => write.op === 'put' && write.key.startsWith('/volumes/'));
    await cluster.done(n1, n1.control.removeNode('n2', { abandon: true }));
    expect(carriedOut()).toBe(false);
    expect(await n1.control.getVolume('a')).toMatchObject({ status: { conditions: [{ type: 'ReplicaLost' }] } });
  });

  it('marks nobody as lost', async () => {
    cluster = await testCluster(['n1', 'n2', 'n3']);
    const n3 = cluster.node('n3');
    n3.kill();
    const carriedOut = deposeBefore((write) => write.op === 'put' && write.key === `/nodes/${n3.id}`);
    await cluster.pass(15_000);
    expect(carriedOut()).toBe(false);
    expect((await cluster.events()).filter((event) => event.startsWith('NodeLost'))).toHaveLength(1);
  });
});
