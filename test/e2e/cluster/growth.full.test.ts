/**
 * A cluster grows from one control node to three and five, and shrinks back to one, while a mounted volume is written to:
 * each new member learns before it votes, and no step leaves the control store without a majority.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeIf, etcd, filesystem, loopDevices, namespaceLab } from '../../lab/needs.ts';
import { createStage, failureOf, until, type Stage } from './stage.ts';
import { smallVolume } from './traffic.ts';
import { startWriter, type Writer } from './writer.ts';

const MOUNT = '/srv/written';
let stage: Stage;
let writer: Writer;

/** The members are these, each with a vote and well; everything works through each of them, and without any one of them. */
async function stands(names: readonly string[]): Promise<void> {
  await until(`${names.join(', ')} vote`, async () => {
    const members = await stage.client('n1').members();
    return members.map(({ name }) => name).sort().join() === names.join() && members.every(({ learner, healthy }) => !learner && healthy);
  });
  for (const name of names) {
    await stage.client(name).volumes.create(smallVolume(`at-${name}`));
    await stage.client('n1').volumes.remove(`at-${name}`);
  }
  expect((await writer.report()).error).toBe('');
}

describeIf([namespaceLab, etcd, loopDevices, filesystem('xfs')], 'a cluster that grows and shrinks', () => {
  beforeAll(async () => {
    stage = await createStage({ nodes: 5, members: 1 });
    await stage.client('n1').volumes.create({ name: 'written', size_bytes: 64 * 2 ** 20, filesystem: 'ext4' });
    await stage.root('n1').volumes.publish('written', { consumer: 'writer', path: MOUNT });
    writer = await startWriter(stage.lab.node('n1'), `${MOUNT}/lines`);
  }, 240_000);
  afterAll(() => stage?.dispose(), 240_000);

  test('from one to three, one after the other', async () => {
    for (const name of ['n2', 'n3']) await stage.join(name);
    await stands(['n1', 'n2', 'n3']);
  }, 240_000);

  test('from three to five, both at once; then any two may be away', async () => {
    await Promise.all(['n4', 'n5'].map((name) => stage.join(name)));
    await stands(['n1', 'n2', 'n3', 'n4', 'n5']);
    for (const name of ['n4', 'n5']) await stage.kill(name, 'holdfast-etcd');
    await stage.client('n3').volumes.create(smallVolume('without-two'));
    await stage.client('n4').volumes.remove('without-two');
    // One more of three that are well would leave two of four.
    await stage.client('n1').nodes.drain('n3');
    expect(await failureOf(stage.client('n1').nodes.remove('n3'))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('no majority') });
    await stage.client('n1').nodes.undrain('n3');
    for (const name of ['n4', 'n5']) await stage.start(name, 'holdfast-etcd');
    await stands(['n1', 'n2', 'n3', 'n4', 'n5']);
  }, 240_000);

  test('and back to one, which goes on alone', async () => {
    for (const [name, rest] of [['n5', ['n1', 'n2', 'n3', 'n4']], ['n4', ['n1', 'n2', 'n3']], ['n3', ['n1', 'n2']], ['n2', ['n1']]] as const) {
      await stage.client('n1').nodes.drain(name);
      await stage.client('n1').nodes.remove(name);
      await stands(rest);
    }
    expect(await failureOf(stage.client('n1').nodes.remove('n1'))).toMatchObject({ code: 'failed_precondition' });
    const lines = await writer.stop();
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
  }, 240_000);
});
