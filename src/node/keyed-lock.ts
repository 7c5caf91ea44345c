/** One at a time per key: two calls about the same replica (or pool, or path) never run side by side in this process. */

export interface KeyedLock {
  /** Runs when every earlier call with one of these keys has ended. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();
  return {
    async run(key, work) {
      const before = tails.get(key) ?? Promise.resolve();
      const { promise: mine, resolve: release } = Promise.withResolvers<void>();
      tails.set(key, mine);
      await before;
      try {
        return await work();
      } finally {
        release();
        if (tails.get(key) === mine) tails.delete(key);
      }
    },
  };
}
