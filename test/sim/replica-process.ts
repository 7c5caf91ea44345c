/** The process that serves one replica in the simulation: runs its state machine on its disk, over connections. */
import type { ReplicaAnswer } from '../../src/replication/protocol/messages.ts';
import { createReplica, stepReplica, type ReplicaEffect, type ReplicaEvent, type ReplicaServer, type Work } from '../../src/replication/protocol/replica.ts';
import { Regions } from '../../src/replication/protocol/regions.ts';
import type { Blocks, Disk } from './disk.ts';
import type { Connection } from './network.ts';
import type { SimNode } from './node.ts';

/** What the client side of a connection hears. */
export interface Peer {
  readonly reached: () => void;
  readonly accept: (effect: Extract<ReplicaEffect<Blocks>, { type: 'accept' }>) => void;
  readonly refuse: (effect: Extract<ReplicaEffect<Blocks>, { type: 'refuse' }>) => void;
  readonly answer: (id: number, answer: ReplicaAnswer<Blocks>) => void;
}

export class ReplicaProcess {
  readonly id: string;
  readonly disk: Disk;
  readonly #node: SimNode;
  readonly #server: ReplicaServer<Blocks>;
  readonly #connections = new Map<string, { connection: Connection; peer: Peer }>();
  readonly #working = new Map<number, Work<Blocks>>();
  #alive = true;

  constructor(node: SimNode, id: string, disk: Disk) {
    this.#node = node;
    this.id = id;
    this.disk = disk;
    const { world } = node;
    this.#server = createReplica<Blocks>({ timing: world.timing, state: disk.meta, intent: new Regions(0, disk.intent), missed: new Regions(0, disk.missed), broke: disk.broke }, node.clock() - (world.schedule.now === 0 ? world.timing.grant_ms : 0)); // before the beginning nobody had a grant
    this.#tick();
  }

  /** Nothing is answered with OK any more until its medium is mounted again. */
  get broke(): boolean { return this.#server.broke; }

  #tick(): void {
    if (!this.#alive) return;
    this.#node.whenAwake(() => {
      if (!this.#alive) return;
      this.#step({ type: 'tick' });
      this.#node.world.schedule.after(100, () => { this.#tick(); });
    });
  }

  open(connection: Connection, generation: number, incarnation: number, peer: Peer): void {
    if (!this.#alive) return connection.close('server');
    this.#connections.set(`${generation}/${incarnation}`, { connection, peer });
    connection.send('server', peer.reached);
    this.#step({ type: 'open', generation, incarnation });
  }

  request(event: Extract<ReplicaEvent<Blocks>, { type: 'request' }>): void {
    if (this.#alive) this.#step(event);
  }

  closed(generation: number, incarnation: number): void {
    if (!this.#alive) return;
    this.#connections.delete(`${generation}/${incarnation}`);
    this.#step({ type: 'closed', generation, incarnation });
  }

  /** kill -9: what it was doing is done or not, block by block; what it knew only in memory is gone. */
  kill(systemIsThere: boolean): void {
    this.#alive = false;
    const { random } = this.#node.world;
    for (const work of this.#working.values()) {
      if (work.kind === 'write' || work.kind === 'zero') this.disk.put(work, () => random.chance(0.5));
      else if (work.kind !== 'read' && work.kind !== 'flush' && work.kind !== 'join' && work.kind !== 'recovered' && random.chance(0.5)) this.disk.end(work, null, Number.POSITIVE_INFINITY);
    }
    for (const { connection } of this.#connections.values()) connection.vanish('server', systemIsThere);
    this.#connections.clear();
  }

  #step(event: ReplicaEvent<Blocks>): void {
    for (const effect of stepReplica(this.#server, event, this.#node.clock())) this.#perform(effect);
  }

  #perform(effect: ReplicaEffect<Blocks>): void {
    if (effect.type === 'perform') return this.#work(effect.work, effect.request);
    const key = `${effect.generation}/${effect.incarnation}`;
    const to = this.#connections.get(key);
    if (to === undefined) return;
    const { connection, peer } = to;
    if (effect.type === 'answer') connection.send('server', () => { peer.answer(effect.id, effect.answer); });
    else if (effect.type === 'accept') connection.send('server', () => { peer.accept(effect); });
    else {
      this.#connections.delete(key);
      if (effect.type === 'refuse') connection.send('server', () => { peer.refuse(effect); });
      connection.close('server');
    }
  }

  #work(work: number, request: Work<Blocks>): void {
    const { world } = this.#node;
    const flushing = this.disk.begin(request);
    this.#working.set(work, request);
    const takes = this.#takes(request);
    world.schedule.after(takes, () => {
      if (!this.#alive) return;
      // The medium goes on while the process is frozen; the process notices when it wakes.
      const answer = this.disk.end(request, flushing, world.schedule.now);
      this.#working.delete(work);
      this.#node.whenAwake(() => { if (this.#alive) this.#step({ type: 'performed', work, answer }); });
    });
  }

  #takes(request: Work<Blocks>): number {
    const { schedule, random, options: { media, regionBlocks } } = this.#node.world;
    if (schedule.now < this.disk.slowUntil) return random.between(100, 3_000);
    if (random.chance(media.slowest.percent / 100)) return random.between(2, media.slowest.ms);
    if (request.kind === 'flush' || request.kind === 'join') return random.between(0, 4 * media.data);
    if (request.kind !== 'read' && request.kind !== 'write' && request.kind !== 'zero') return random.between(0, media.map);
    return random.between(0, request.length >= Math.max(3, regionBlocks) ? media.regions : media.data);
  }
}
