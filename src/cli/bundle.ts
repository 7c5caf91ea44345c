/**
 * What a support bundle holds: everything that the daemon can be asked, or why it could not be, and the end of its log,
 * as files. It asks and cuts secrets out; writing the archive is the command's.
 */
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';
import type { HoldfastClient } from '../client/client.ts';
import { asHoldfastError } from '../model/errors.ts';
import { withoutTokensAndKeys } from '../model/secrets.ts';
import { VERSION } from '../model/version.ts';
import { newest } from './newest.ts';

export interface Piece {
  readonly file: string;
  readonly text: string;
  /** Why it could not be had; null when it could. */
  readonly missing: string | null;
}

const LOG_BYTES = 2 * 1024 * 1024;
const LOG_LINES = 5_000;
const RECORDS = 2_000;
const run = promisify(execFile);

/** @param logFile where the daemon logs to; undefined: the journal of the system. */
export async function collect(client: HoldfastClient, logFile: string | undefined): Promise<Piece[]> {
  const pieces: Piece[] = [];
  const add = async (file: string, read: () => Promise<unknown>): Promise<void> => {
    try {
      const value = await read();
      pieces.push({ file, text: withoutSecrets(typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`), missing: null });
    } catch (thrown) {
      pieces.push({ file, text: '', missing: asHoldfastError(thrown).message });
    }
  };
  await add('versions.json', async () => ({ holdfast: VERSION, node: process.version, system: `${os.type()} ${os.release()} ${os.arch()}`, daemon: await client.version().catch((thrown: unknown) => asHoldfastError(thrown).toBody()) }));
  await add('status.json', () => client.status());
  await add('cluster.json', () => client.cluster());
  await add('capacity.json', () => client.capacity());
  await add('nodes.json', () => client.nodes.list().all());
  await add('pools.json', () => client.pools.list().all());
  await add('volumes.json', () => client.volumes.list().all());
  await add('trash.json', () => client.trash.list().all());
  await add('snapshots.json', () => client.snapshots.list().all());
  await add('operations.json', async () => (await newest(client.operations.list(), RECORDS)).items);
  await add('events.json', async () => (await newest(client.events.list(), RECORDS)).items);
  await add('store-check.json', () => client.checkStore());
  await add('holdfastd.log', () => (logFile === undefined ? journal() : tail(logFile)));
  return pieces;
}

async function journal(): Promise<string> {
  const { stdout } = await run('journalctl', ['--unit', 'holdfastd', '--lines', String(LOG_LINES), '--output', 'cat', '--no-pager', '--quiet'], { maxBuffer: 16 * LOG_BYTES });
  if (stdout.trim() === '') throw new Error('the journal holds nothing of the unit holdfastd; name its log with --log');
  return stdout;
}

/** The end of a file, from the beginning of a line. */
async function tail(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - LOG_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, LOG_BYTES)), 0, Math.min(size, LOG_BYTES), from);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}

const SECRET_WORD = '[\\w.-]*(?:passw(?:or)?d|passphrase|secret|token|credential|authorization|api[_-]?key|private[_-]?key)[\\w.-]*';
const IN_JSON = new RegExp(`("${SECRET_WORD}"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, 'gi');
const IN_ESCAPED_JSON = new RegExp(`(\\\\"${SECRET_WORD}\\\\"\\s*:\\s*\\\\")(?:(?!\\\\").)*`, 'gi');
const IN_TEXT = new RegExp(`\\b(${SECRET_WORD}\\s*[=:]\\s*)(?:Bearer\\s+|Basic\\s+)?[^\\s",;&}]+`, 'gi');
const IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]*:)[^\s/@"]+@/gi;

/** Whatever looks like a secret is cut out, wherever it stands. */
export const withoutSecrets = (text: string): string => withoutTokensAndKeys(text)
  .replace(IN_JSON, '$1"[secret]"')
  .replace(IN_ESCAPED_JSON, '$1[secret]')
  .replace(IN_TEXT, '$1[secret]')
  .replace(IN_URL, '$1[secret]@');
