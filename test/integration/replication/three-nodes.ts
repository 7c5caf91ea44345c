/**
 * Three nodes as three processes on loopback with real certificates, and a store of one record in this process. Nodes can be
 * killed and started again; everything is below one temporary directory.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ReplicationRecord } from '../../../src/model/volume.ts';
import type { Timing } from '../../../src/replication/protocol/timing.ts';
import { createReplicaFiles } from '../../../src/replication/storage/replica-files.ts';
import { createClusterPki, loadPki, openAuthority } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import type { PeerCredentials } from '../../../src/replication/io/peer-identity.ts';
import type { Tale } from '../../../src/replication/io/mirror-host.ts';
import type { Order, WorkerConfig } from './io-worker.ts';

const ulid = (text: string): string => text.toUpperCase().padStart(26, '0');
export const CLUSTER = `clu_${ulid('1')}`;
export const VOLUME = `vol_${ulid('1')}`;
export type Name = 'a' | 'b' | 'c';
export const nodeId = (name: string): string => `node_${ulid(name)}`;
export const replicaId = (name: string): string => `rep_${ulid(name)}`;

/** Short enough for tests, in the same proportions. */
export const SHORT: Partial<Timing> = { reopen_ms: 300, retry_ms: 200, idle_ms: 1_500 };

export class Node {
  readonly name: Name;
  readonly told: Tale[] = [];
  #child: ChildProcess | null = null;
  #nextId = 0;
  readonly #world: ThreeNodes;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();

  constructor(world: ThreeNodes, name: Name) {
    this.#world = world;
    this.name = name;
  }

  get pid(): number { return this.#child?.pid ?? 0; }
  get socket(): string { return path.join(this.#world.root, `${this.name}.nbd`); }
  get directory(): string { return path.join(this.#world.root, this.name); }
  get image(): string { return path.join(this.directory, 'data.1.img'); }

  async start(): Promise<void> {
    const child = fork(path.join(import.meta.dirname, 'io-worker.ts'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.#child = child;
    child.on('message', (message: { id?: number; result?: unknown; error?: string; tale?: Tale }) => {
      if (message.tale !== undefined) return void this.told.push(message.tale);
      const waiting = this.#waiting.get(message.id ?? -1);
      this.#waiting.delete(message.id ?? -1);
      if (message.error === undefined) waiting?.resolve(message.result);
      else waiting?.reject(new Error(message.error));
    });
    child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the process of node ${this.name} is gone`));
      this.#waiting.clear();
    });
    this.#world.revive(this.name);
    await this.order({ do: 'start', config: await this.#world.configOf(this.name) });
  }

  async order<T = unknown>(order: Order): Promise<T> {
    this.#nextId += 1;
    const id = this.#nextId;
    const answered = new Promise<unknown>((resolve, reject) => void this.#waiting.set(id, { resolve, reject }));
    this.#child?.send({ id, order });
    return await answered as T;
  }

  attach(resumes = false): Promise<number> { return this.order({ do: 'attach', volume: VOLUME, socket: this.socket, resumes }); }
  detach(): Promise<boolean> { return this.order({ do: 'detach', volume: VOLUME }); }
  state(): Promise<{ phase: string; healthy: boolean; generation: number; unanswered: number } | null> { return this.order({ do: 'state', volume: VOLUME }); }
  async healthy(): Promise<void> {
    for (let since = Date.now(); (await this.state())?.healthy !== true;) {
      if (Date.now() - since > 60_000) throw new Error(`the volume does not become healthy: ${JSON.stringify([await this.state(), this.#world.record, this.told])}`);
      await pause(50);
    }
  }

  /** Its process stands still; its lease is over, as if it had been waited for. */
  freeze(): void {
    this.#world.leases.delete(this.#world.leaseOf(this.name));
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Its lease is over at once, as if it had been waited for. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#world.leases.delete(this.#world.leaseOf(this.name));
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

export class ThreeNodes {
  readonly root = mkdtempSync(path.join(tmpdir(), 'holdfast-three-'));
  readonly nodes: Record<Name, Node>;
  record: ReplicationRecord;
  revision = 1;
  /** The store answers nobody. */
  storeAway = false;
  readonly leases = new Set<string>();
  readonly #lives: Record<Name, number> = { a: 0, b: 0, c: 0 };
  readonly #addresses: Record<string, { host: string; port: number }> = {};
  readonly #credentials = new Map<string, PeerCredentials>();
  readonly #size: number;
  readonly #timing: Partial<Timing>;
  #store: Server | null = null;

  /** @param replicas nodes that hold one, all in sync. */
  constructor(size: number, replicas: readonly Name[], timing: Partial<Timing> = SHORT) {
    this.#size = size;
    this.#timing = timing;
    this.nodes = { a: new Node(this, 'a'), b: new Node(this, 'b'), c: new Node(this, 'c') };
    this.record = { history: 1, generation: 0, set_version: 1, size, writer: null, clean: true, attaching: null, snapshots: [], replicas: replicas.map((name) => ({ id: replicaId(name), node: nodeId(name), pool: 'pool_1', filesystem: 'fs', state: 'in-sync', home: null })) };
  }

  leaseOf(name: Name): string { return `lease-${name}-${this.#lives[name]}`; }
  revive(name: Name): void {
    this.leases.delete(this.leaseOf(name));
    this.#lives[name] += 1;
    this.leases.add(this.leaseOf(name));
  }
  portOf(name: Name): number { return this.#addresses[nodeId(name)]?.port ?? 0; }

  async begin(): Promise<this> {
    await createClusterPki(this.#at('pki'), { cluster_id: CLUSTER, cluster_name: 'test', node_id: nodeId('a'), node_name: 'a', address: '127.0.0.1:1' });
    for (const name of ['a', 'b', 'c']) this.#credentials.set(name, await this.certify(nodeId(name), name));
    for (const { node, id } of this.record.replicas) {
      const name = (['a', 'b', 'c'] as const).find((one) => nodeId(one) === node) ?? 'a';
      mkdirSync(this.#at(name));
      await createReplicaFiles({ directory: this.#at(name), volume: VOLUME, replica: id, boot: 'boot-1' }, { size: this.#size, history: 1, generation: 0 });
    }
    this.#store = createServer((request, answer) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk)).on('end', () => {
        if (this.storeAway) answer.writeHead(503).end();
        else answer.end(JSON.stringify(this.#answer(request.url ?? '', JSON.parse(Buffer.concat(chunks).toString()))));
      });
    });
    this.#store.listen(this.#at('store'));
    await once(this.#store, 'listening');
    for (const node of Object.values(this.nodes)) await node.start();
    return this;
  }

  credentialsOf(name: Name): PeerCredentials { return this.#credentials.get(name) as PeerCredentials; }

  /** A certificate of this cluster. */
  async certify(node: string, name: string): Promise<PeerCredentials> {
    const authority = await openAuthority(this.#at('pki'));
    const { key, csr } = await makeKeyAndRequest(name);
    const { chain } = await authority.sign(csr, { cluster: CLUSTER, kind: 'node', node, name }, { hosts: ['127.0.0.1'], ttl_ms: 3_600_000 });
    return { key, cert: chain, ca: (await loadPki(this.#at('pki'))).ca ?? '' };
  }

  async configOf(name: Name): Promise<WorkerConfig> {
    const own = this.record.replicas.find(({ node }) => node === nodeId(name));
    return {
      node: nodeId(name), lease: this.leaseOf(name), boot: 'boot-1', listen: { host: '127.0.0.1', port: 0 }, credentials: this.credentialsOf(name), store: this.#at('store'), timing: this.#timing,
      replicas: own === undefined ? [] : [{ volume: VOLUME, replica: own.id, directory: this.#at(name) }],
    };
  }

  /** Whether images of these nodes are the same, byte by byte. */
  same(...names: Name[]): boolean {
    const [first, ...others] = names.map((name) => readFileSync(this.nodes[name].image));
    return others.every((other) => first?.equals(other) === true);
  }

  async end(): Promise<void> {
    for (const node of Object.values(this.nodes)) await node.kill();
    this.#store?.closeAllConnections();
    this.#store?.close();
    rmSync(this.root, { recursive: true });
  }

  #at(name: string): string { return path.join(this.root, name); }

  #answer(what: string, asked: { revision: number; record: ReplicationRecord; absent: string[]; generation: number; node: string; port: number }): unknown {
    switch (what) {
      case '/read': return { kind: 'read', revision: this.revision, record: this.record, alive: [this.record.writer, this.record.attaching].flatMap((one) => (one !== null && this.leases.has(one.lease) ? [one.lease] : [])) };
      case '/cas':
        if (asked.revision !== this.revision || asked.absent.some((lease) => this.leases.has(lease))) return { kind: 'conflict' };
        this.record = asked.record;
        this.revision += 1;
        return { kind: 'committed', revision: this.revision };
      case '/owner': return { owner: this.record.generation === asked.generation ? (this.record.attaching ?? this.record.writer)?.node ?? null : null };
      case '/here':
        this.#addresses[asked.node] = { host: '127.0.0.1', port: asked.port };
        return {};
      default: return this.#addresses;
    }
  }
}
