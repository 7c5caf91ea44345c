/**
 * One run of the simulation: machines with replicas and a client, a network, a store, and what goes wrong; afterwards
 * everything is healed, and what must hold is looked at. A plan reproduces its run exactly.
 */
import type { ReplicationRecord } from '../../src/model/volume.ts';
import type { AttachFailure } from '../../src/replication/protocol/attach.ts';
import { inSync } from '../../src/replication/protocol/record.ts';
import { TIMING, type Timing } from '../../src/replication/protocol/timing.ts';
import type { ClientRequest } from '../../src/replication/protocol/mirror-state.ts';
import type { ReplicaEvent } from '../../src/replication/protocol/replica.ts';
import { Disk, type Blocks } from './disk.ts';
import { Front } from './front.ts';
import { History } from './history.ts';
import { Network, type Connection } from './network.ts';
import { SimNode } from './node.ts';
import type { Change, Fault, Plan } from './plan.ts';
import { random, type Random } from './random.ts';
import type { Peer } from './replica-process.ts';
import { Schedule } from './schedule.ts';
import { SimStore } from './store.ts';

const LEASE_TTL_MS = 4_000;

export interface Outcome {
  /** What must not be, in words; [] when all is well. */
  readonly wrong: readonly string[];
  readonly trace: readonly string[];
  /** How much happened: a run in which nothing happens shows nothing. */
  readonly completed: number;
  readonly generations: number;
}

export class World {
  readonly options: Plan;
  readonly timing: Timing = { ...TIMING, idle_ms: 1_200, request_ms: 6_000, patience_ms: 12_000 };
  readonly schedule = new Schedule();
  readonly random: Random;
  readonly network: Network;
  readonly history: History;
  readonly store: SimStore;
  readonly nodes: SimNode[] = [];
  quiet = false;
  thinks: number;
  wrong: string[] = [];
  readonly #armed: { readonly fault: Fault; seen: number }[];
  #newReplicas = 0;
  #replacing = 0;
  #reservedAt = 0;
  #setBefore: readonly string[] = [];
  #id = 0;
  #completed = 0;
  readonly #trace: string[] | null;
  /** The newest acknowledged write of each block; writes are numbered in the order in which they were issued. */
  readonly acknowledged: number[];
  #wanted: SimNode | null = null;

  constructor(plan: Plan, tracing: boolean) {
    this.options = plan;
    this.thinks = plan.thinks;
    this.#armed = plan.faults.filter(({ on }) => on !== undefined).map((fault) => ({ fault, seen: 0 }));
    this.#trace = tracing ? [] : null;
    this.random = random(plan.seed);
    this.network = new Network(this.schedule, this.random);
    const blocks = plan.regions * plan.regionBlocks;
    this.history = new History(blocks);
    this.acknowledged = new Array<number>(blocks).fill(0);
    const ids = Array.from({ length: plan.replicas }, (_, index) => `r${index}`);
    const record: ReplicationRecord = {
      history: 1, generation: 0, set_version: 0, size: blocks, writer: null, clean: true, attaching: null, snapshots: [],
      replicas: ids.map((id, index) => ({ id, node: `n${index}`, pool: `p${index}`, filesystem: '', state: 'in-sync', home: null })),
    };
    this.store = new SimStore(record, this.schedule, this.random, LEASE_TTL_MS);
    this.store.changed = (before, after) => { this.#recordChanged(before, after); };
    for (let index = 0; index < plan.nodes; index += 1) {
      const node = new SimNode(this, `n${index}`);
      const id = ids[index];
      if (id !== undefined) node.disks.set(id, new Disk(blocks, plan.regions, { generation: 0, set_version: 0, history: 1, size: blocks, restarted: 'no', empty: false }, this.random));
      this.nodes.push(node);
    }
  }

  run(): Outcome {
    try {
      for (const node of this.nodes) node.start();
      this.#want(this.nodes[this.options.starts] as SimNode);
      for (const fault of this.options.faults) if (fault.on === undefined && fault.at < this.options.lasts) this.schedule.at(fault.at, () => { this.#happen(fault); });
      this.#looking();
      this.schedule.run(this.options.lasts, () => this.wrong.length > 0);
      if (this.wrong.length === 0) this.#healAndLook();
    } catch (error) {
      this.wrong.push(error instanceof Error ? `${error.message}\n${error.stack?.split('\n').slice(1, 5).join('\n') ?? ''}` : String(error));
    }
    return { wrong: this.wrong, trace: this.#trace ?? [], completed: this.#completed, generations: this.store.record.generation };
  }

  log(text: string): void {
    this.#trace?.push(`${(this.schedule.now / 1000).toFixed(3).padStart(8)}  ${text}`);
  }

  nextId(): number { this.#id += 1; return this.#id; }

  /** Replicas are r<node>, and r<node>.<number> when they came later. */
  nodeOf(replica: string): string { return `n${replica.slice(1).split('.')[0] ?? ''}`; }

  #node(name: string): SimNode { return this.nodes[Number(name.slice(1))] as SimNode; }
  disk(replica: string): Disk { return this.#node(this.nodeOf(replica)).disks.get(replica) as Disk; }

  // What arrives at a machine's processes.
  deliver(replica: string, event: Extract<ReplicaEvent<Blocks>, { type: 'request' }>): void {
    const node = this.#node(this.nodeOf(replica));
    node.whenAwake(() => { node.replicas.get(replica)?.request(event); });
  }

  open(connection: Connection, replica: string, generation: number, incarnation: number, peer: Peer): void {
    const node = this.#node(this.nodeOf(replica));
    if (!node.up) { this.schedule.after(2_000, () => { connection.breakOff(); }); return; } // nobody answers: the caller gives up
    node.whenAwake(() => {
      const process = node.replicas.get(replica);
      if (process === undefined) connection.close('server');
      else process.open(connection, generation, incarnation, peer);
    });
  }

  closed(replica: string, generation: number, incarnation: number): void {
    const node = this.#node(this.nodeOf(replica));
    node.whenAwake(() => { node.replicas.get(replica)?.closed(generation, incarnation); });
  }

  // The client's work.
  mayIssue(): boolean { return !this.quiet; }

  someRequest(): { kind: 'read' | 'write' | 'flush'; offset: number; length: number } {
    const { regions, regionBlocks, stays, strays } = this.options;
    const blocks = regions * regionBlocks;
    const region = Math.floor(this.schedule.now / stays) % regions;
    const offset = !this.random.chance(strays / 100) ? region * regionBlocks + this.random.between(0, regionBlocks - 1) : this.random.between(0, blocks - 1);
    const length = Math.min(this.random.between(1, 2), blocks - offset);
    const kind = this.random.chance(this.options.flushes / 100) ? 'flush' : this.random.chance(0.5) ? 'write' : 'read';
    return { kind, offset, length };
  }

  /** What the client has been told; looked at against the media in the moment of the answer. */
  completed(node: SimNode, request: ClientRequest<Blocks>, id: number, ok: boolean, data: Blocks, before: readonly number[]): void {
    this.#completed += 1;
    if (this.#trace !== null) this.log(`${node.name}: ${request.kind} ${id}${request.kind === 'flush' ? '' : ` of blocks ${request.offset} to ${request.offset + request.length - 1}`} ${ok ? 'answered' : 'failed'}${request.kind === 'read' ? `: ${data.join(' ')}` : ''}`);
    if (!ok) return;
    if (request.kind === 'flush') for (const replica of inSync(this.store.record)) this.#holds(replica, this.disk(replica).durable, before, `I7: flush ${id} was answered on ${node.name}`);
    if (request.kind === 'flush') return;
    for (let block = request.offset; block < request.offset + request.length; block += 1) {
      // What was read is as certain as what was acknowledged.
      this.acknowledged[block] = Math.max(this.acknowledged[block] ?? 0, request.kind === 'read' ? (data[block - request.offset] ?? 0) : id);
    }
    this.#lookAtSet(`${request.kind} ${id} was answered on ${node.name}`);
  }

  /** I1: every member of the set that lost nothing holds, of every block, the last write that was acknowledged or read, or a later one. */
  #lookAtSet(when: string): void {
    for (const replica of inSync(this.store.record)) this.#holds(replica, this.disk(replica).cached, this.acknowledged, `I1: ${when}`);
  }

  /** I5: members of the set hold the same, but for what is being written. */
  lookWhetherAlike(front: Front, when: string): void {
    const [first, ...others] = inSync(this.store.record).filter((id) => !this.disk(id).lost);
    if (first === undefined || others.length === 0 || this.store.record.writer?.node !== front.node.name) return;
    const { writing } = front;
    for (const other of others) this.disk(first).cached.forEach((value, block) => { if (!writing.has(block) && this.disk(other).cached[block] !== value) this.wrong.push(`I5: ${when} on ${front.node.name}, and block ${block} is ${value} on ${first} and ${this.disk(other).cached[block] ?? 0} on ${other}`); });
  }

  #holds(replica: string, content: Blocks, least: Blocks, when: string): void {
    if (this.disk(replica).lost) return;
    least.forEach((write, block) => { if ((content[block] ?? 0) < write) this.wrong.push(`${when}, and ${replica} of the set has block ${block} as ${content[block] ?? 0}, not ${write}`); });
  }

  /** A loss may be told when every member that is left has lost, and after patience with those who have not. */
  lossClaimed(members: readonly string[]): void {
    const patient = this.schedule.now - this.#reservedAt >= this.timing.patience_ms * 0.97;
    if (!patient) for (const id of this.#setBefore) if (!this.disk(id).lost) this.wrong.push(`a loss was told without patience for ${id}, which has lost nothing`);
    for (const id of members) if (!this.disk(id).lost) this.wrong.push(`a loss was told, though ${id} has lost nothing`);
    this.history.lost();
    this.acknowledged.fill(0);
  }

  attachFailed(front: Front, why: AttachFailure): void {
    void why;
    this.schedule.after(this.random.between(200, 1_500), () => { front.node.whenAwake(() => { front.retry(); }); });
  }

  frontEnded(front: Front): void {
    if (this.quiet) return;
    this.schedule.after(this.random.between(10, 1_000), () => {
      const next = this.#wanted ?? front.node;
      if (this.nodes.every((node) => node.front === null)) this.#start(next.up ? next : this.nodes.find(({ up }) => up) ?? next);
    });
  }

  #want(node: SimNode): void {
    this.#wanted = node;
    this.#start(node);
  }

  #start(node: SimNode): void {
    if (!node.up || node.front !== null) return;
    node.whenAwake(() => { node.front ??= new Front(node, this.options.requestsAtOnce); });
  }

  /** Somebody always wants the volume: a scheduler would start the task again. */
  #looking(): void {
    this.schedule.after(1_000, () => {
      if (this.nodes.every(({ front }) => front === null)) this.#start(this.random.pick(this.nodes));
      this.#looking();
    });
  }

  #recordChanged(before: ReplicationRecord, after: ReplicationRecord): void {
    if (after.generation > before.generation) this.#reservedAt = this.schedule.now;
    if (after.writer !== null && before.attaching !== null && after.attaching === null) this.#setBefore = inSync(before);
    this.#arm(before, after);
    if (after.generation < before.generation || after.set_version < before.set_version) this.wrong.push(`I3: generation ${before.generation} → ${after.generation}, set version ${before.set_version} → ${after.set_version}`);
    if (inSync(after).length === 0) this.wrong.push('the set is empty');
    this.log(`record: generation ${after.generation}, set ${after.set_version}: ${inSync(after).join(' ')}, writer ${after.writer?.node ?? '-'}, attaching ${after.attaching?.node ?? '-'}${after.clean ? ', clean' : ''}`);
    this.#lookAtSet('the record changed');
    const writer = after.writer === null ? null : this.#node(after.writer.node).front;
    if (inSync(after).some((id) => !inSync(before).includes(id)) && writer?.recovered === true) this.lookWhetherAlike(writer, 'a replica joined');
  }

  #arm(before: ReplicationRecord, after: ReplicationRecord): void {
    const { now } = this.schedule;
    if (this.quiet || now >= this.options.lasts) return;
    const [had, has] = [inSync(before), inSync(after)];
    const happened: Record<Change, boolean> = {
      change: true, reserve: after.generation > before.generation, activate: before.attaching !== null && after.attaching === null && after.writer !== null,
      eject: had.some((id) => !has.includes(id)), join: has.some((id) => !had.includes(id)), release: before.writer !== null && after.writer === null,
    };
    for (const one of this.#armed) {
      const { at, on } = one.fault;
      if (on === undefined || now < on.since || !happened[on.what]) continue;
      one.seen += 1;
      if (one.seen === on.n) this.schedule.after(at, () => { this.#happen(one.fault); });
    }
  }

  #happen(fault: Fault): void {
    this.log(`— ${JSON.stringify(fault)}`);
    const { now } = this.schedule;
    const node = 'node' in fault && fault.node !== null ? (this.nodes[fault.node] as SimNode) : null;
    const disks = (which: SimNode | null): Disk[] => (which === null ? this.nodes : [which]).flatMap(({ disks: all }) => [...all.values()]);
    switch (fault.kind) {
      case 'power': this.#elsewhere(node as SimNode); return this.#power(node as SimNode, fault.ms);
      case 'power-writer': for (const one of this.nodes) if (one.front?.serving === true) { this.#elsewhere(one); this.#power(one, fault.ms); } return;
      case 'blackout': for (const one of this.nodes) this.#power(one, fault.ms + this.random.between(0, fault.spread)); return;
      case 'kill': return this.#kill(node as SimNode, fault.ms);
      case 'freeze': this.#elsewhere(node as SimNode); if (node?.up === true) node.freeze(fault.ms); return;
      case 'cut':
        this.network.cut(`n${fault.from}`, `n${fault.to}`, fault.ms);
        if (fault.both) this.network.cut(`n${fault.to}`, `n${fault.from}`, fault.ms);
        return;
      case 'deaf': for (const other of this.nodes) if (other !== node) this.network.cut(other.name, `n${fault.node}`, fault.ms); return;
      case 'isolate':
        this.#elsewhere(node as SimNode);
        for (const other of this.nodes) if (other !== node) { this.network.cut(`n${fault.node}`, other.name, fault.ms); this.network.cut(other.name, `n${fault.node}`, fault.ms); }
        this.store.awayFor.set(`n${fault.node}`, now + fault.ms);
        return;
      case 'reset': for (const connection of [...this.network.connections]) if (connection.server === node?.name && this.random.chance(0.7)) connection.breakOff(); return;
      case 'slow-link': return this.network.slow(`n${fault.from}`, `n${fault.to}`, fault.ms);
      case 'store-away': if (node === null) this.store.awayUntil = now + fault.ms; else this.store.awayFor.set(node.name, now + fault.ms); return;
      case 'slow-disk': for (const disk of disks(node)) disk.slowUntil = now + fault.ms; return;
      case 'full': for (const disk of disks(node)) disk.fullUntil = now + fault.ms; return;
      case 'io-error': for (const disk of disks(node)) disk.failing += 1; return;
      case 'flush-error': for (const disk of disks(node)) disk.failingFlushes += 1; return;
      case 'replaced-disk': return this.#replaceDisk(node as SimNode);
      case 'replace-replica': return this.#replaceReplica(node as SimNode, fault.ms);
      case 'move': this.#wanted = this.nodes[fault.to] as SimNode; for (const { front } of this.nodes) front?.close(); return;
      case 'grab': return this.#start(this.nodes[fault.to] as SimNode);
    }
  }

  /** A scheduler that misses a machine starts the task on another one; so there are two clients when it comes back. */
  #elsewhere(node: SimNode): void {
    if (node.front === null || this.random.chance(0.3)) return;
    const other = this.random.pick(this.nodes.filter((one) => one !== node));
    this.schedule.after(this.random.between(50, 3_000), () => { this.#start(other); });
  }

  #power(node: SimNode, ms: number): void {
    if (!node.up) return;
    node.kill(true);
    this.schedule.after(ms, () => { if (!node.up) node.start(); });
  }

  #kill(node: SimNode, ms: number): void {
    if (!node.up || node.frozen) return;
    node.kill(false);
    this.schedule.after(ms, () => { if (node.up && node.replicas.size === 0) node.whenAwake(() => { if (node.up && node.replicas.size === 0) node.startProcesses(); }); });
  }

  /** Only while others hold everything: a replica of the set that is emptied is beyond what is promised. */
  #replaceDisk(node: SimNode): void {
    for (const [id, disk] of node.disks) {
      if (inSync(this.store.record).includes(id) || node.up) continue;
      disk.wipe(0);
    }
  }

  /** An operator gives up a replica that is away. Ids are never used twice, and nothing of the old file is used again. */
  #replaceReplica(node: SimNode, ms: number): void {
    const old = this.store.record.replicas.find((replica) => replica.node === node.name && replica.state !== 'in-sync');
    if (old === undefined) return;
    const { regions, regionBlocks } = this.options;
    this.#newReplicas += 1;
    const id = `${old.id.split('.')[0] ?? ''}.${this.#newReplicas}`;
    this.#change((record) => ({ ...record, replicas: record.replicas.filter((replica) => replica.id !== old.id) }));
    const replace = (): void => {
      const disk = new Disk(regions * regionBlocks, regions, { generation: 0, set_version: 0, history: 0, size: regions * regionBlocks, restarted: 'no', empty: true }, this.random);
      node.addReplica(id, disk);
      this.#change((record) => ({ ...record, replicas: [...record.replicas, { ...old, id, state: 'stale' }] }));
    };
    this.#replacing += 1;
    this.schedule.after(ms, () => { this.#replacing -= 1; replace(); });
  }

  /** Who writes hears of it, sooner or later. */
  #change(to: (record: ReplicationRecord) => ReplicationRecord): void {
    this.store.change(to);
    for (const node of this.nodes) this.#hear(node);
  }

  #hear(node: SimNode): void {
    this.schedule.after(this.random.between(1, 1_000), () => {
      if (this.store.reachable(node.name)) node.whenAwake(() => node.front?.recordChanged());
      else this.#hear(node);
    });
  }

  #mend(): void {
    for (const node of this.nodes) {
      if (!node.up) node.start();
      for (const disk of node.disks.values()) Object.assign(disk, { slowUntil: 0, fullUntil: 0, failing: 0, failingFlushes: 0 });
      if (node.up && [...node.replicas.values()].some(({ broke }) => broke)) this.#power(node, 10); // another mount, as a person would
    }
  }

  #healAndLook(): void {
    this.log('— everything is healed');
    this.thinks = 2_000;
    this.network.heal();
    this.store.awayUntil = 0;
    this.store.awayFor.clear();
    this.#mend();
    this.schedule.run(this.schedule.now + 15_000, () => this.wrong.length > 0);
    this.#mend(); // what was under way when it was healed may have failed since
    this.quiet = true;
    let front: Front | null = null;
    for (let tries = 0; tries < 120 && this.wrong.length === 0; tries += 1) {
      this.schedule.run(this.schedule.now + 1_000, () => this.wrong.length > 0);
      front = this.nodes.map((node) => node.front).find((one) => one !== null && one.settled) ?? null;
      if (front !== null && this.#replacing === 0) break;
      if (this.nodes.every((node) => node.front === null)) this.#start(this.random.pick(this.nodes.filter(({ up }) => up)));
    }
    if (this.wrong.length > 0) return;
    if (front === null) {
      for (const node of this.nodes) this.log(`${node.name}: ${node.up ? 'up' : 'down'}, ${node.front?.describe() ?? 'no client'}`);
      this.wrong.push('I6: it does not heal: the volume is not served by all replicas again');
      return;
    }
    for (let block = 0; block < this.options.regions * this.options.regionBlocks; block += 1) front.issue({ kind: 'read', offset: block, length: 1 });
    const answered = front;
    this.schedule.run(this.schedule.now + 60_000, () => this.wrong.length > 0 || answered.idle);
    if (!front.idle) this.wrong.push('reads of a healthy volume are not answered');
    const [first, ...others] = this.store.record.replicas.map(({ id }) => ({ id, content: this.disk(id).cached.join(' ') }));
    for (const other of others) if (other.content !== first?.content) this.wrong.push(`I5: replicas differ: ${first?.id ?? ''} has ${first?.content ?? ''}; ${other.id} has ${other.content}`);
    this.wrong.push(...this.history.check());
  }
}

export const simulate = (plan: Plan, tracing = false): Outcome => new World(plan, tracing).run();
