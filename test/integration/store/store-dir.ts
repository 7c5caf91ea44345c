/** A directory for a store, and what tests want to know about it. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../src/control/ports/system.ts';
import type { Store } from '../../../src/control/ports/store.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};

export class StoreDir {
  /** Removed with everything in it by `remove`. */
  readonly top = mkdtempSync(path.join(tmpdir(), 'holdfast-store-'));
  readonly dir: string;
  readonly file: string;
  readonly #open = new Set<Store>();

  constructor(dir?: string) {
    this.dir = dir ?? path.join(this.top, 'store');
    this.file = path.join(this.dir, 'store.db');
  }

  async open(options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
    const store = await openSqliteStore({ path: this.file, clock: realClock, ...options });
    this.#open.add(store);
    return store;
  }

  /** The store's files as they are, by path: a checksum and the mode of each. */
  fingerprint(): Readonly<Record<string, string>> {
    const names = readdirSync(this.dir, { recursive: true, withFileTypes: true });
    return Object.fromEntries(
      names.map((entry) => {
        const file = path.join(entry.parentPath, entry.name);
        const content = entry.isFile() ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'directory';
        return [path.relative(this.dir, file), `${lstatSync(file).mode.toString(8)} ${content}`];
      }),
    );
  }

  async close(): Promise<void> {
    for (const store of this.#open) await store.close();
  }

  async remove(): Promise<void> {
    await this.close();
    rmSync(this.top, { recursive: true, force: true });
  }
}

/** The message of the error that the promise rejects with, with its hint. */
export async function refusal(promise: Promise<unknown>): Promise<{ readonly code: string; readonly message: string; readonly hint: string }> {
  try {
    await promise;
  } catch (thrown) {
    const { code, message, detail } = thrown as { code: string; message: string; detail?: { hint?: string } };
    return { code, message, hint: detail?.hint ?? '' };
  }
  throw new Error('it was not refused');
}
