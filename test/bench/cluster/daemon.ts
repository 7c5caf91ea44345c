/**
 * The control plane of one daemon in a process of its own: the real use cases and REST API over the real store, a data
 * plane in memory below. Started with an IPC channel; does what it is told there, and answers each message with one.
 */
import { randomBytes } from 'node:crypto';
import { createControl } from '../../../src/control/create-control.ts';
import { createHttpApi } from '../../../src/api/http/http-api.ts';
import { systemClock } from '../../../src/daemon/system.ts';
import { VERSION } from '../../../src/model/version.ts';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import { createMemoryDataPlane } from '../../contract/memory-data-plane.ts';
import { silentLog } from '../../lab/silent-log.ts';
import { GIB } from './world.ts';

export interface Start {
  readonly endpoints: readonly string[];
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null;
  readonly node_id: string;
  readonly cluster: { readonly id: string; readonly name: string };
  readonly socket: string;
}
export type Task =
  | { readonly do: 'start'; readonly with: Start }
  | { readonly do: 'place'; readonly prefix: string; readonly count: number; readonly atOnce: number; readonly spread: boolean }
  | { readonly do: 'memory' }
  | { readonly do: 'stop' };
export type Answer = { readonly ms: number } | { readonly bytes: number; readonly live: number } | { readonly error: string };

let running: { readonly control: Awaited<ReturnType<typeof createControl>>; stop(): Promise<void> } | null = null;

async function start({ endpoints, tls, node_id, cluster, socket }: Start): Promise<void> {
  const store = await openEtcdStore({ endpoints, tls, clock: systemClock, log: silentLog });
  const control = await createControl(
    { store, dataPlane: createMemoryDataPlane(), clock: systemClock, random: (length) => randomBytes(length), log: silentLog },
    { node_name: 'control', node_id, cluster, interval_ms: 5_000, consumer_grace_ms: 120_000 },
  );
  await control.start();
  const api = createHttpApi({ control, log: silentLog, version: VERSION });
  await api.listen({ socketPath: socket });
  running = {
    control,
    async stop() {
      await api.close();
      await control.stop();
      await store.close();
    },
  };
}

/** So many creates, some of them always waiting: what many clients do. @returns how long until all were durable. */
async function place(prefix: string, count: number, atOnce: number, spread: boolean): Promise<number> {
  const began = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (;;) {
      const i = next;
      next += 1;
      if (i >= count) return;
      await running?.control.createVolume({ name: `${prefix}-${i}`, size_bytes: GIB, labels: { app: `app-${i % 50}` }, ...(spread ? { placement: { spread_by: 'app' } } : {}) });
    }
  }));
  return performance.now() - began;
}

async function carryOut(task: Task): Promise<Answer> {
  const began = performance.now();
  switch (task.do) {
    case 'start': await start(task.with); break;
    case 'place': return { ms: await place(task.prefix, task.count, task.atOnce, task.spread) };
    case 'memory': {
      (globalThis as { gc?: () => void }).gc?.();
      const { rss, heapUsed, external } = process.memoryUsage();
      return { bytes: rss, live: heapUsed + external };
    }
    case 'stop': await running?.stop(); break;
  }
  return { ms: performance.now() - began };
}

process.on('message', (task: Task) => {
  void carryOut(task).catch((error: unknown): Answer => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })).then((answer) => {
    process.send?.(answer);
    if (task.do === 'stop') process.disconnect();
  });
});
