/** A node's data path in a process of its own, told what to do by the test that forked it; the store is asked over HTTP. */
import { request } from 'node:http';
import { createIo, type IoConfig } from '../../../src/replication/io/io.ts';
import type { Records } from '../../../src/replication/io/records.ts';
import type { ReplicationRecord } from '../../../src/model/volume.ts';

export interface WorkerConfig extends IoConfig {
  readonly lease: string;
  /** Unix socket of the store. */
  readonly store: string;
  readonly replicas: readonly { readonly volume: string; readonly replica: string; readonly directory: string }[];
}
export type Order =
  | { readonly do: 'start'; readonly config: WorkerConfig }
  | { readonly do: 'attach'; readonly volume: string; readonly socket: string; readonly resumes?: boolean }
  | { readonly do: 'detach' | 'state'; readonly volume: string }
  | { readonly do: 'replica'; readonly volume: string }
  | { readonly do: 'exit' };

let config: WorkerConfig;
let addresses: Record<string, { host: string; port: number }> = {};

function ask<T>(what: string, body: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: config.store, path: what, method: 'POST', timeout: 2_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => void chunks.push(chunk)).on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(Buffer.concat(chunks).toString()) as T);
        else reject(new Error(`the store answers ${answer.statusCode}`));
      });
    });
    asked.on('timeout', () => void asked.destroy(new Error('the store does not answer')));
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}

const recordsOf = (volume: string): Records => ({
  read: () => ask('/read', { volume }),
  cas: (revision: number, record: ReplicationRecord, absent: readonly string[]) => ask('/cas', { volume, revision, record, absent }),
});

let io: Awaited<ReturnType<typeof createIo>>;
const hosts = new Map<string, Awaited<ReturnType<typeof io.addReplica>>>();

async function start(given: WorkerConfig): Promise<unknown> {
  config = given;
  io = await createIo(config, {
    lease: () => config.lease, records: recordsOf,
    ownerOf: async (volume, generation) => (await ask<{ owner: string | null }>('/owner', { volume, generation })).owner,
    addressOf: (node) => addresses[node] ?? null,
    tell: (tale) => void process.send?.({ tale }),
  });
  for (const replica of config.replicas) hosts.set(replica.volume, await io.addReplica(replica));
  await ask('/here', { node: config.node, port: io.port });
  setInterval(() => void ask<typeof addresses>('/addresses', {}).then((found) => { addresses = found; }, () => undefined), 200);
  addresses = await ask('/addresses', {});
  return io.port;
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'start': return start(order.config);
    case 'attach': {
      addresses = await ask('/addresses', {});
      return (await io.attach(order)).generation;
    }
    case 'detach': return io.detach(order.volume);
    case 'state': {
      const mirror = io.mirrorOf(order.volume);
      return mirror === null ? null : { phase: mirror.phase, healthy: mirror.healthy, generation: mirror.generation, unanswered: mirror.unanswered };
    }
    case 'replica': return { damaged: hosts.get(order.volume)?.damaged ?? null, generation: hosts.get(order.volume)?.generation ?? null };
    case 'exit': return io.close().then(() => setImmediate(() => process.exit(0)));
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then((result) => process.send?.({ id, result: result ?? null }), (thrown: unknown) => process.send?.({ id, error: thrown instanceof Error ? thrown.message : String(thrown) }));
});
process.on('disconnect', () => process.exit(1));
