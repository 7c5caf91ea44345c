/**
 * Versions side by side: a daemon that is too far away, or older than the store, refuses to start and changes nothing; one
 * minor version is taken in, node by node, while a mounted volume is written to.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KEYS } from '../../../src/control/keys.ts';
import { FORMAT } from '../../../src/control/cluster/format.ts';
import { VERSION } from '../../../src/model/version.ts';
import { describeIf, etcd, filesystem, loopDevices, namespaceLab } from '../../lab/needs.ts';
import { createStage, until, type Stage } from './stage.ts';
import { smallVolume } from './traffic.ts';
import { startWriter, type Writer } from './writer.ts';

const ALL = ['n1', 'n2', 'n3'] as const;
const MOUNT = '/srv/written';
/** The same sources under another version's name: `steps` minor versions on. */
const later = (steps: number): string => VERSION.replace(/^(\d+)\.(\d+)\..*$/, (_, major: string, minor: string) => `${major}.${Number(minor) + steps}.0`);

let stage: Stage;
let writer: Writer;
const versions = async (): Promise<Readonly<Record<string, string>>> => Object.fromEntries((await stage.client('n1').nodes.list().all()).map(({ name, status }) => [name, status.daemon_version]));

describeIf([namespaceLab, etcd, loopDevices, filesystem('xfs')], 'daemons of several versions', () => {
  beforeAll(async () => {
    stage = await createStage({ nodes: 3 });
    await stage.client('n2').volumes.create({ name: 'written', size_bytes: 64 * 2 ** 20, filesystem: 'ext4', pool: 'pool-n1' });
    await stage.root('n1').volumes.publish('written', { consumer: 'writer', path: MOUNT });
    writer = await startWriter(stage.lab.node('n1'), `${MOUNT}/lines`);
  }, 240_000);
  afterAll(() => stage?.dispose(), 240_000);

  test('one that is two minor versions away is refused, by name, and its node stays as it was', async () => {
    await stage.install('n2', later(2));
    await stage.kill('n2', 'holdfastd');
    const { status, stderr } = await stage.tryConverge('n2');
    expect([status, stderr]).toEqual([5, expect.stringMatching(new RegExp(`this daemon has version ${later(2)}, the one on node n[13] has ${VERSION}: at most one minor version may lie between them`))]);
    expect(stage.runs('n2', 'holdfastd')).toBe(false);
    expect((await versions())['n2']).toBe(VERSION);
  });

  test('a rolling upgrade by one goes node by node; changes are made and the writer notices nothing', async () => {
    await writer.report();
    for (const name of ['n2', 'n3', 'n1']) {
      await stage.install(name, later(1));
      if (stage.runs(name, 'holdfastd')) await stage.kill(name, 'holdfastd');
      await stage.start(name);
      await until(`${name} tells its version`, async () => (await versions())[name] === later(1));
      for (const other of ALL) {
        await stage.client(other).volumes.create(smallVolume(`at-${name}-${other}`));
        await stage.client(other).volumes.remove(`at-${name}-${other}`);
      }
    }
    expect(await versions()).toEqual({ n1: later(1), n2: later(1), n3: later(1) });
    const { error, longest_gap_ms } = await writer.report();
    console.info(`rolling upgrade: longest gap ${longest_gap_ms} ms`);
    expect(error).toBe('');
    const lines = await writer.stop();
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
  });

  test('one that is older than the store refuses to start, naming both formats, and writes nothing', async () => {
    const store = await stage.store('n1');
    try {
      for (const name of ALL) await stage.kill(name, 'holdfastd');
      await until('no daemon holds a lease', async () => (await store.list('/alive/')).entries.length === 0);
      const now = await store.get<{ readonly version: number }>(KEYS.format);
      await store.txn([], [{ op: 'put', key: KEYS.format, value: { version: FORMAT + 1 } }]);
      const before = await store.list('');
      const { status, stderr } = await stage.tryConverge('n2');
      expect([status, stderr]).toEqual([5, expect.stringContaining(`the store has format ${FORMAT + 1}; this daemon understands formats up to ${FORMAT}`)]);
      expect(await store.list('')).toEqual(before);
      await store.txn([], [{ op: 'put', key: KEYS.format, value: now?.value ?? { version: FORMAT } }]);
    } finally {
      await store.close();
    }
    for (const name of ALL) await stage.start(name);
    expect((await stage.client('n3').volumes.get('written')).status.publications).toEqual([expect.objectContaining({ path: MOUNT })]);
  });
});
