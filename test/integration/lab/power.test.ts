// Power loss, on a kernel of its own: that the lab really cuts the power, and what the embedded control store makes of it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createUml, type UmlNode } from '../../lab/uml/uml.ts';
import { describeIf, userModeLinux } from '../../lab/needs.ts';

const WRITER = path.resolve(import.meta.dirname, '../../lab/uml/store-writer.ts');
const NODE = realpathSync(process.execPath);

describeIf(userModeLinux, 'a power cut', () => {
  let u1: UmlNode;
  beforeAll(async () => {
    u1 = await createUml({ systemd: false, disks: [256 * 2 ** 20] });
    await u1.must('mkfs.ext4 -q /dev/ubdb');
    await mount();
  }, 900_000);
  afterAll(() => u1.dispose());

  /** The disk, written to only when asked to; the host's files, for the program under test. */
  async function mount(): Promise<void> {
    await u1.must('echo 0 >/proc/sys/vm/dirty_writeback_centisecs; mount -o commit=300 /dev/ubdb /mnt; mkdir -p /host; mount -t hostfs -o / none /host');
  }

  async function cutPower(): Promise<void> {
    await u1.kill();
    await u1.boot();
    await mount();
  }

  test('leaves what was synced, and takes what was not', async () => {
    await u1.must('head -c 1000000 /dev/urandom >/tmp/data; dd if=/tmp/data of=/mnt/synced conv=fsync 2>/dev/null; sync -f /mnt');
    const sum = (await u1.must('sha256sum /mnt/synced')).split(' ')[0];
    await u1.must('cp /tmp/data /mnt/unsynced; sha256sum /mnt/unsynced');
    await cutPower();
    expect((await u1.must('sha256sum /mnt/synced')).split(' ')[0]).toBe(sum);
    expect((await u1.exec('sha256sum /mnt/unsynced')).stdout.split(' ')[0]).not.toBe(sum);
  }, 300_000);

  test('in the middle of writing takes no acknowledged transaction from the control store', async () => {
    const writer = u1.spawn([`/host${NODE}`, '--disable-warning=ExperimentalWarning', `/host${WRITER}`, 'write', '/mnt/store/store.db']);
    const complaint: Buffer[] = [];
    writer.stderr?.on('data', (chunk: Buffer) => complaint.push(chunk));
    let acknowledged = 0;
    if (writer.stdout === null) throw new Error('the writer has no output');
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line);
      if (acknowledged >= 50) break;
    }
    if (acknowledged < 50) throw new Error(`the writer ended: ${Buffer.concat(complaint).toString()}`);
    await u1.kill();
    writer.kill('SIGKILL');
    await u1.boot();
    await mount();
    const said = JSON.parse(await u1.must([`/host${NODE}`, '--disable-warning=ExperimentalWarning', `/host${WRITER}`, 'check', '/mnt/store/store.db'])) as { left: number[]; right: number[]; faults: string[] };
    expect(said.faults).toEqual([]);
    expect(said.left.length).toBeGreaterThanOrEqual(acknowledged);
    expect(said.left).toEqual(said.left.map((_, index) => index + 1));
    expect(said.right).toEqual(said.left);
  }, 300_000);
});
