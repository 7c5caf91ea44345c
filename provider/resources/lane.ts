/** One after another: what must not happen to two machines of a cluster at once, however many Terraform works on. */

const lanes = new Map<string, Promise<unknown>>();

/**
 * Runs `action` when every earlier one of the same lane has ended. Lanes are those of this process: nodes of one cluster
 * belong into one provider configuration.
 * @throws the reason of `signal` while it waits; what `action` throws.
 */
export async function inTurn<T>(lane: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  const before = lanes.get(lane) ?? Promise.resolve();
  const run = before.then(() => {
    signal.throwIfAborted();
    return action();
  });
  const ended = run.catch(() => undefined);
  lanes.set(lane, ended);
  void ended.then(() => { if (lanes.get(lane) === ended) lanes.delete(lane); });
  return Promise.race([run, abortOf(signal, before)]);
}

// While it waits, and only then, an interruption ends it at once: what runs ends by itself.
function abortOf(signal: AbortSignal, before: Promise<unknown>): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => { reject(signal.reason as Error); };
    signal.addEventListener('abort', stop, { once: true });
    void before.then(() => { signal.removeEventListener('abort', stop); });
  });
}
