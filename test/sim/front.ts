/**
 * The block device of the volume on one node, and the client that uses it: holds requests while the node attaches
 * again, issues them once more afterwards, and fails when what was acknowledged may be gone.
 */
import { createAttach, stepAttach, type Attach, type AttachEffect, type AttachEvent } from '../../src/replication/protocol/attach.ts';
import { createMirror, start, step, type Activated } from '../../src/replication/protocol/mirror.ts';
import type { ClientRequest, Mirror, MirrorEffect, MirrorEvent } from '../../src/replication/protocol/mirror-state.ts';
import { withLease } from '../../src/replication/protocol/record.ts';
import type { Blocks } from './disk.ts';
import type { Connection } from './network.ts';
import type { SimNode } from './node.ts';
import type { Peer } from './replica-process.ts';

interface Pending { readonly request: ClientRequest<Blocks>; readonly start: number; readonly acknowledged: Blocks }

export class Front {
  readonly node: SimNode;
  #attach: Attach | null = null;
  #mirror: Mirror<Blocks> | null = null;
  /** Counts the machines that ran here: what comes for an earlier one is dropped. */
  #epoch = 0;
  readonly #connections = new Map<string, Connection>();
  readonly #pending = new Map<number, Pending>();
  #served = false;
  #closing = false;
  /** Its process was killed: the record may name this node already. */
  #mayHold = false;
  ended = false;
  readonly #limit: number;

  /** @param limit requests in flight at once. */
  constructor(node: SimNode, limit: number) {
    this.node = node;
    this.#limit = limit;
    this.#begin();
    this.#ticking();
  }

  get serving(): boolean { return this.#mirror?.phase === 'serving'; }
  get settled(): boolean { return this.#mirror !== null && this.#mirror.recovered && this.#pending.size === 0 && [...this.#mirror.members.values()].every(({ role }) => role === 'in-sync') && this.#mirror.active.size === 0; }
  get recovered(): boolean { return this.#mirror?.recovered === true; }
  /** Blocks in which replicas may differ at this moment. */
  get writing(): ReadonlySet<number> {
    return new Set([...this.#pending.values()].flatMap(({ request }) => (request.kind === 'write' ? Array.from({ length: request.length }, (_, index) => request.offset + index) : [])));
  }

  /** For whoever looks at a run: what the mirror is at. */
  describe(): string {
    const m = this.#mirror;
    if (m === null) return this.#attach === null ? 'nothing' : `attaching: ${this.#attach.phase}`;
    return `${m.phase}, recovered ${m.recovered}, recovering ${[...m.recovering].join(' ')}, members ${[...m.members.values()].map((one) => `${one.id} ${one.role} ${one.link} ${one.failure?.reason ?? ''} ${one.sync?.stage ?? ''}`).join('; ')}, active ${[...m.active].map((op) => `${op.kind} ${op.stage} owed ${[...op.owed].join(' ')} blocked ${op.blocked}`).join('; ')}, storing ${m.storing !== null}, doubtful ${m.doubtful.length}, answered ${m.answered.size}, pending ${this.#pending.size}, ended ${this.ended}`;
  }
  get idle(): boolean { return this.#pending.size === 0; }

  #begin(): void {
    this.#epoch += 1;
    const { world } = this.node;
    this.#mirror = null;
    this.#attach = createAttach({ self: { node: this.node.name, lease: this.node.lease }, timing: world.timing }, this.node.incarnations, this.node.clock());
    this.#attachStep({ type: 'tick' });
  }

  #ticking(): void {
    if (this.ended) return;
    this.node.whenAwake(() => {
      if (this.ended) return;
      if (this.#attach !== null) this.#attachStep({ type: 'tick' });
      if (this.#mirror !== null) this.#mirrorStep({ type: 'tick' });
      if (this.#pending.size < 2) this.#work();
      this.node.world.schedule.after(this.node.world.random.between(100, 400), () => { this.#ticking(); });
    });
  }

  #attachStep(event: AttachEvent): void {
    if (this.#attach === null) return;
    const attach = this.#attach;
    const epoch = this.#epoch;
    for (const effect of stepAttach(attach, event, this.node.clock())) if (epoch === this.#epoch) this.#attachEffect(effect);
    this.node.incarnations = Math.max(this.node.incarnations, attach.incarnation);
  }

  #attachEffect(effect: AttachEffect): void {
    const { store } = this.node.world;
    const epoch = this.#epoch;
    const back = <O>(told: (outcome: O) => AttachEvent) => (outcome: O): void => { this.node.whenAwake(() => { if (epoch === this.#epoch && !this.ended) this.#attachStep(told(outcome)); }); };
    switch (effect.type) {
      case 'cas': return store.cas(this.node.name, effect.revision, effect.record, effect.absent, back((outcome) => ({ type: 'stored', token: effect.token, outcome })));
      case 'read': return store.read(this.node.name, back((outcome) => ({ type: 'stored', token: effect.token, outcome })));
      case 'open': return this.#open(effect.replica, effect.generation, effect.incarnation);
      case 'close': return this.#close(effect.replica, effect.incarnation);
      case 'failed':
        this.#attach = null;
        this.node.world.log(`${this.node.name}: attach failed: ${effect.text}`);
        if (this.#closing && effect.why === 'held') return this.#end();
        this.node.world.attachFailed(this, effect.why);
        return;
      case 'activated': return this.#activated(effect.activated, effect.generation, effect.lost, effect.undisturbed);
    }
  }

  #activated(activated: Activated, generation: number, lost: boolean, undisturbed: boolean): void {
    const { world } = this.node;
    this.#attach = null;
    this.node.incarnations = Math.max(this.node.incarnations, activated.next_incarnation);
    world.log(`${this.node.name}: writer of generation ${generation}, set ${activated.members.map(({ id }) => id).join(' ')}${lost ? ', unflushed data may be lost' : ''}`);
    if (lost) world.lossClaimed(activated.members.map(({ id }) => id));
    // The filesystem above must not go on over lost writes: its requests end, and the volume is given back.
    if (this.#served && (lost || !undisturbed)) {
      world.log(`${this.node.name}: the device failed: what was acknowledged may be gone`);
      this.#pending.clear();
      this.#closing = true;
    }
    this.#served = true;
    this.#mirror = createMirror<Blocks>({ self: { node: this.node.name, lease: this.node.lease }, generation, region_bytes: world.options.regionBlocks, min_in_sync: 1, timing: world.timing }, activated, this.node.clock());
    this.#effects(start(this.#mirror, this.node.clock()));
    for (const [id, { request }] of this.#pending) this.#mirrorStep({ type: 'request', id, request });
    if (this.#closing) this.#mirrorStep({ type: 'release' });
  }

  #mirrorStep(event: MirrorEvent<Blocks>): void {
    if (this.#mirror === null) return;
    this.#effects(step(this.#mirror, event, this.node.clock()));
  }

  #effects(effects: readonly MirrorEffect<Blocks>[]): void {
    const epoch = this.#epoch;
    for (const effect of effects) if (epoch === this.#epoch) this.#mirrorEffect(effect);
  }

  #mirrorEffect(effect: MirrorEffect<Blocks>): void {
    const { world } = this.node;
    const { store } = world;
    const epoch = this.#epoch;
    const generation = this.#mirror?.generation ?? 0;
    const back = <O>(told: (outcome: O) => MirrorEvent<Blocks>) => (outcome: O): void => { this.node.whenAwake(() => { if (epoch === this.#epoch && !this.ended) this.#mirrorStep(told(outcome)); }); };
    switch (effect.type) {
      case 'send': {
        const connection = this.#connections.get(`${effect.replica}/${effect.incarnation}`);
        connection?.send('client', () => { this.node.world.deliver(effect.replica, { type: 'request', generation, incarnation: effect.incarnation, id: effect.id, request: effect.request }); });
        return;
      }
      case 'open': return this.#open(effect.replica, generation, effect.incarnation);
      case 'close': return this.#close(effect.replica, effect.incarnation);
      case 'cas': return store.cas(this.node.name, effect.revision, effect.record, [], back((outcome) => ({ type: 'stored', token: effect.token, outcome })));
      case 'read': return store.read(this.node.name, back((outcome) => ({ type: 'stored', token: effect.token, outcome })));
      case 'complete': return this.#complete(effect.id, effect.result);
      case 'park':
        world.log(`${this.node.name}: parked: ${effect.reason}`);
        this.#closeAll();
        this.#begin();
        return;
      case 'released':
        world.log(`${this.node.name}: released, ${effect.clean ? 'clean' : 'not clean'}`);
        return this.#end();
      case 'tell':
        world.log(`${this.node.name}: ${effect.what} ${effect.replicas.join(' ')}: ${effect.text}`);
        if (effect.what === 'Recovered') world.lookWhetherAlike(this, 'recovery was complete');
        return;
      default:
    }
  }

  #open(replica: string, generation: number, incarnation: number): void {
    const { world } = this.node;
    const epoch = this.#epoch;
    const connection = world.network.connect(this.node.name, world.nodeOf(replica));
    this.#connections.set(`${replica}/${incarnation}`, connection);
    const heard = (tell: () => void) => (): void => { this.node.whenAwake(() => { if (epoch === this.#epoch && !this.ended) tell(); }); };
    const both = (event: AttachEvent & MirrorEvent<Blocks>): void => { if (this.#attach !== null) this.#attachStep(event); else this.#mirrorStep(event); };
    connection.onLost = (side) => {
      if (side === 'client') heard(() => { both({ type: 'lost', replica, incarnation }); })();
      else world.closed(replica, generation, incarnation);
    };
    const peer: Peer = {
      reached: () => { heard(() => { if (this.#attach !== null) this.#attachStep({ type: 'reached', replica, incarnation }); })(); },
      accept: ({ fenced }) => { heard(() => { both({ type: 'opened', replica, incarnation, fenced }); })(); },
      refuse: ({ refusal }) => { heard(() => { both({ type: 'refused', replica, incarnation, refusal }); })(); },
      answer: (id, answer) => { heard(() => { this.#mirrorStep({ type: 'answer', replica, incarnation, id, answer }); })(); },
    };
    connection.send('client', () => { world.open(connection, replica, generation, incarnation, peer); });
  }

  #close(replica: string, incarnation: number): void {
    this.#connections.get(`${replica}/${incarnation}`)?.close('client');
    this.#connections.delete(`${replica}/${incarnation}`);
  }

  #closeAll(): void {
    for (const connection of this.#connections.values()) connection.close('client');
    this.#connections.clear();
  }

  /** The client has a few requests in flight, always. */
  #work(): void {
    const { world } = this.node;
    if (!this.#served || this.#closing || world.quiet) return;
    // A write that waits keeps no read from being asked for: caches and other tasks read on.
    for (let tries = 0; tries < 3 && world.mayIssue(); tries += 1) {
      const reads = [...this.#pending.values()].filter(({ request }) => request.kind === 'read').length;
      const wanted = world.someRequest();
      // Most readers look at something else than what is just being written.
      if (wanted.kind === 'read' && world.random.chance(0.8) && [...this.#pending.values()].some(({ request }) => request.kind === 'write' && request.offset < wanted.offset + wanted.length && wanted.offset < request.offset + request.length)) continue;
      if ((wanted.kind === 'read' ? reads : this.#pending.size - reads) < this.#limit) this.issue(wanted);
    }
  }

  issue(what: { readonly kind: 'read' | 'write' | 'flush'; readonly offset: number; readonly length: number }): void {
    const { world } = this.node;
    const id = world.nextId();
    const start = world.history.moment();
    const request: ClientRequest<Blocks> = what.kind === 'flush' ? { kind: 'flush' } : what.kind === 'read' ? { kind: 'read', offset: what.offset, length: what.length } : { kind: 'write', offset: what.offset, length: what.length, data: new Array<number>(what.length).fill(id), fua: world.random.chance(0.1) };
    this.#pending.set(id, { request, start, acknowledged: request.kind === 'flush' ? [...world.acknowledged] : [] });
    if (request.kind === 'write') for (let block = request.offset; block < request.offset + request.length; block += 1) world.history.writing(block, id, start);
    this.#mirrorStep({ type: 'request', id, request });
  }

  #complete(id: number, result: { readonly ok: boolean; readonly data?: Blocks }): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const { world } = this.node;
    const { request, start } = pending;
    const end = world.history.moment();
    world.completed(this.node, request, id, result.ok, result.data ?? [], pending.acknowledged);
    if (!result.ok) return;
    if (request.kind === 'flush') world.history.flushed(start, end);
    else if (request.kind === 'read') (result.data ?? []).forEach((value, index) => { world.history.read(request.offset + index, value, start, end); });
    else if (request.kind === 'write') {
      for (let block = request.offset; block < request.offset + request.length; block += 1) world.history.written(block, id, end);
    }
    if (!this.node.world.quiet) this.node.world.schedule.after(this.node.world.random.between(0, this.node.world.thinks), () => { this.node.whenAwake(() => { if (!this.ended) this.#work(); }); });
  }

  /** The client is done: the volume is given back. */
  close(): void {
    if (this.#closing || this.ended) return;
    this.#closing = true;
    if (this.#mirror !== null) this.#mirrorStep({ type: 'release' });
    else if (!this.#served && !this.#mayHold) this.cancel();
  }

  cancel(): void {
    if (this.#attach !== null) this.#attachStep({ type: 'cancel' });
    else if (!this.#served) this.#end();
  }

  retry(): void {
    if (this.ended || this.#attach !== null || this.#mirror !== null) return;
    this.#begin();
  }

  recordChanged(): void {
    this.#mirrorStep({ type: 'record-changed' });
  }

  get held(): boolean { return this.#served; }

  /** Its process was killed: the requests stay with the relay, and another mirror comes; without power nothing stays. */
  killed(power: boolean): void {
    for (const connection of this.#connections.values()) connection.vanish('client', !power);
    this.#connections.clear();
    this.#attach = null;
    this.#mirror = null;
    this.#epoch += 1;
    if (power) { this.ended = true; return; }
    this.#mayHold = true;
    const epoch = this.#epoch;
    this.node.world.schedule.after(this.node.world.random.between(50, 800), () => { this.node.whenAwake(() => { if (epoch === this.#epoch && !this.ended) this.#begin(); }); });
  }

  /** A new lease is written into the record that this node writes for. */
  leaseChanged(): void {
    if (this.#mirror === null) return;
    const { generation } = this.#mirror;
    const { store } = this.node.world;
    const self = { node: this.node.name, lease: this.node.lease };
    const epoch = this.#epoch;
    const attempt = (): void => {
      store.read(this.node.name, (outcome) => {
        this.node.whenAwake(() => {
          if (epoch !== this.#epoch || this.ended || this.node.lease !== self.lease) return;
          if (outcome.kind !== 'read') { this.node.world.schedule.after(500, attempt); return; }
          const record = withLease(outcome.record, self, generation);
          if (record === null || record.writer?.lease === outcome.record.writer?.lease) return;
          store.cas(this.node.name, outcome.revision, record, [], (result) => { if (result.kind !== 'committed') this.node.world.schedule.after(200, attempt); });
        });
      });
    };
    attempt();
  }

  #end(): void {
    this.ended = true;
    this.#epoch += 1;
    this.#closeAll();
    this.#mirror = null;
    this.#attach = null;
    if (this.node.front === this) this.node.front = null;
    this.node.world.frontEnded(this);
  }
}
