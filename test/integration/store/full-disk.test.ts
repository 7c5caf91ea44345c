import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { manualClock } from '../../contract/manual-clock.ts';
import { refusal, StoreDir } from './store-dir.ts';

/** Writes until the filesystem has no byte left. */
function fillUp(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (const size of [65_536, 4096, 512, 1]) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size, 1));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
      }
    }
  } finally {
    closeSync(fd);
  }
}

type Kind = 'tmpfs' | 'ext4';

describe.each<Kind>(['tmpfs', 'ext4'])('a store on a full %s', (kind) => {
  let place: StoreDir;
  let mounted: string;
  beforeEach(() => {
    const outer = new StoreDir();
    mounted = path.join(outer.top, 'mounted');
    mkdirSync(mounted);
    if (kind === 'tmpfs') execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', mounted]);
    else {
      const image = path.join(outer.top, 'image');
      const fd = openSync(image, 'w');
      ftruncateSync(fd, 24 * 1024 * 1024);
      closeSync(fd);
      execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
      execFileSync('mount', ['-o', 'loop', image, mounted]);
    }
    const inner = new StoreDir(path.join(mounted, 'store'));
    rmSync(inner.top, { recursive: true });
    place = Object.assign(inner, { top: outer.top });
  });
  afterEach(async () => {
    await place.close();
    execFileSync('umount', [mounted]);
    await place.remove();
  });

  test('refuses to write, stays readable, holds nothing half, and goes on when there is space again', async () => {
    const store = await place.open();
    await store.txn([], ['f/a', 'f/b'].map((key) => ({ op: 'put', key, value: 0 })));
    const filler = path.join(mounted, 'filler');
    fillUp(filler);

    // The log may have some room left: so until it has none.
    let committed = 0;
    let said: { readonly code: string; readonly message: string } | null = null;
    for (let n = 1; said === null && n < 200; n += 1) {
      const value = { n, padding: 'x'.repeat(100_000) };
      try {
        await store.txn([], ['f/a', 'f/b'].map((key) => ({ op: 'put', key, value })));
        committed = n;
      } catch {
        said = await refusal(store.txn([], ['f/a', 'f/b'].map((key) => ({ op: 'put', key, value }))));
      }
    }
    expect(said).toMatchObject({ code: 'resource_exhausted', message: expect.stringContaining('nothing was written') });
    const held = async () => (await store.list<number | { n: number }>('f/')).entries.map(({ value }) => (typeof value === 'number' ? value : value.n));
    expect(await held()).toEqual([committed, committed]);
    const { revision } = await store.list('');

    rmSync(filler);
    expect(await store.txn([], [{ op: 'put', key: 'f/a', value: 7 }, { op: 'put', key: 'f/b', value: 7 }])).toEqual({ committed: true, revision: revision + 1 });
    expect(await held()).toEqual([7, 7]);
    expect(await store.check()).toEqual([]);
    await store.close();
    expect((await (await place.open()).list('f/')).entries).toMatchObject([{ value: 7 }, { value: 7 }]);
  });

  test('starts again after a kill though there is no space left: readable, refusing to write', async () => {
    const store = await place.open();
    await store.txn([], [{ op: 'put', key: 'f/a', value: 'x'.repeat(200_000) }]);
    execFileSync('cp', ['-a', place.dir, path.join(mounted, 'killed')]);
    await store.close();
    const filler = path.join(mounted, 'filler');
    fillUp(filler);
    const killed = new StoreDir(path.join(mounted, 'killed'));
    try {
      const opened = await killed.open();
      expect((await opened.get('f/a'))?.value).toHaveLength(200_000);
      expect((await refusal(opened.txn([], [1, 2, 3, 4].map((n) => ({ op: 'put', key: `f/${n}`, value: 'x'.repeat(1_000_000) }))))).code).toBe('resource_exhausted');
      expect((await opened.list('f/')).entries).toHaveLength(1);
      rmSync(filler);
      expect(await opened.txn([], [{ op: 'put', key: 'f/b', value: 1 }])).toMatchObject({ committed: true });
      await opened.close();
      expect((await (await killed.open()).list('f/')).entries).toHaveLength(2);
    } finally {
      await killed.remove();
    }
  });

  test('keeps keys of a lease that ends meanwhile readable, its holder out, and deletes them when there is space', async () => {
    const clock = manualClock();
    const store = await place.open({ clock });
    const lease = await store.grantLease(1_000);
    await store.txn([], Array.from({ length: 300 }, (_, n) => ({ op: 'put', key: `l/${n}/${'k'.repeat(400)}`, value: 'x'.repeat(500), lease: lease.id })));
    const filler = path.join(mounted, 'filler');
    fillUp(filler);
    await clock.advance(1_000);
    await store.list('l/');
    await expect(store.keepAlive(lease)).rejects.toMatchObject({ code: 'not_found' });
    rmSync(filler);
    await clock.advance(2_000);
    expect((await store.list('l/')).entries).toEqual([]);
  });
});
