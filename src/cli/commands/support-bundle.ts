/** `holdfast support-bundle`: the pieces of `bundle.ts` as one archive, readable by its owner only. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { collect } from '../bundle.ts';
import { formatBytes } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';
import { command } from '../command.ts';
import { text } from '../option.ts';
import { absolute } from '../path.ts';

const PATIENCE_MS = 15_000;
const run = promisify(execFile);

export default command({
  options: {
    file: text('--file <file>', 'Where to write it. Default: holdfast-support-<time>.tar.gz in the working directory.', 'file'),
    log: text('--log <file>', 'The log of the daemon. Default: what the journal of the system holds of the unit holdfastd.', 'file'),
  },
  details: 'Status, all lists, operations, events, a check of the store, versions and the end of the log, as a tar.gz. Whatever looks like a secret is cut out; no data of volumes is in it. It is made too when the daemon does not answer.',
  examples: [['support-bundle', 'Collect everything'], ['support-bundle --file /tmp/bundle.tar.gz --log /var/log/holdfastd.log', 'With a log that is not in the journal']],
  async run({ host, out, quickClient }, { file, log }) {
    const name = `holdfast-support-${new Date(host.now()).toISOString().slice(0, 19).replaceAll(':', '')}Z`;
    const target = absolute(host, file ?? `${name}.tar.gz`);
    const pieces = await collect(quickClient(PATIENCE_MS), log === undefined ? undefined : absolute(host, log));
    const missing = pieces.filter((piece) => piece.missing !== null);
    const work = await mkdtemp(path.join(os.tmpdir(), 'holdfast-support-'));
    try {
      await mkdir(path.join(work, name), { mode: 0o700 });
      for (const piece of pieces) if (piece.missing === null) await writeFile(path.join(work, name, piece.file), piece.text, { mode: 0o600 });
      const contents = pieces.map((piece) => `${piece.file}: ${piece.missing === null ? `${Buffer.byteLength(piece.text)} bytes` : `missing, ${piece.missing}`}\n`).join('');
      await writeFile(path.join(work, name, 'CONTENTS.txt'), `Made ${new Date(host.now()).toISOString()}\n${contents}`, { mode: 0o600 });
      await archive(work, name, target);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    for (const piece of missing) out.warn(`${piece.file} is not in it: ${piece.missing ?? ''}`);
    const made = { file: target, size_bytes: (await stat(target)).size, missing: missing.map((piece) => ({ file: piece.file, reason: piece.missing })) };
    await out.object(made, () => [`${target} is written: ${formatBytes(made.size_bytes)}. Look through it before you pass it on.`]);
  },
});

/** Written beside its place and renamed, so that nobody sees half of it. */
async function archive(work: string, name: string, target: string): Promise<void> {
  const half = `${target}.part`;
  try {
    await writeFile(half, '', { mode: 0o600 });
    await run('tar', ['--create', '--gzip', '--owner=0', '--group=0', '--file', half, '--directory', work, name]);
    await rename(half, target);
  } catch (thrown) {
    await rm(half, { force: true });
    throw new HoldfastError('failed_precondition', `${target} cannot be written: ${thrown instanceof Error ? (thrown.message.split('\n').at(-2) ?? thrown.message) : String(thrown)}`, { field: '--file', hint: 'Name another place with --file.' }, { cause: thrown });
  }
}
