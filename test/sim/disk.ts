/**
 * A replica's medium in the simulation: what was written is volatile until it is flushed (or written back by chance), a
 * power cut loses some of it, map and meta are durable when written. It can be slow, full, failing, and lie about none
 * of it.
 */
import type { ReplicaAnswer } from '../../src/replication/protocol/messages.ts';
import { Regions } from '../../src/replication/protocol/regions.ts';
import type { ReplicaState, Work } from '../../src/replication/protocol/replica.ts';
import type { Random } from './random.ts';

/** The content of blocks: which write each of them holds, 0 for zeroes. */
export type Blocks = readonly number[];

interface Flushing { readonly snapshot: readonly number[]; readonly versions: readonly number[] }

export class Disk {
  cached: number[];
  durable: number[];
  #versions: number[];
  #durableVersions: number[];
  #version = 0;
  meta: ReplicaState;
  readonly intent: Regions;
  readonly missed: Regions;
  readonly snapshots = new Map<string, number[]>();
  slowUntil = 0;
  fullUntil = 0;
  /** Operations from now on that fail with an I/O error. */
  failing = 0;
  failingFlushes = 0;
  /** In this boot, a flush failed. */
  broke = false;
  /** Truth, which the protocol does not see: it may lack something that it held and had not flushed. */
  lost = false;
  readonly #random: Random;

  constructor(blocks: number, regions: number, meta: ReplicaState, random: Random) {
    this.cached = new Array<number>(blocks).fill(0);
    this.durable = [...this.cached];
    this.#versions = [...this.cached];
    this.#durableVersions = [...this.cached];
    this.meta = meta;
    this.intent = new Regions(regions);
    this.missed = new Regions(regions);
    this.#random = random;
  }

  /** Looks at what an operation will need when it begins. */
  begin(work: Work<Blocks>): Flushing | null {
    return work.kind === 'flush' || work.kind === 'join' || ((work.kind === 'write' || work.kind === 'zero') && work.fua) ? { snapshot: [...this.cached], versions: [...this.#versions] } : null;
  }

  /** The operation takes effect. */
  end(work: Work<Blocks>, flushing: Flushing | null, now: number): ReplicaAnswer<Blocks> {
    const bad = this.#fault(work, now);
    if (bad !== null) return bad;
    switch (work.kind) {
      case 'read': return { ok: true, data: this.cached.slice(work.offset, work.offset + work.length) };
      case 'write': case 'zero':
        this.put(work);
        if (work.fua) for (let block = work.offset; block < work.offset + work.length; block += 1) this.#persist(block, this.cached[block] ?? 0, this.#versions[block] ?? 0);
        break;
      case 'flush': this.#flush(flushing); break;
      case 'join':
        this.#flush(flushing);
        this.intent.addAll(work.intent);
        this.missed.addAll(work.missed);
        this.meta = { ...this.meta, restarted: 'no', empty: false, history: work.history };
        this.lost = false;
        break;
      case 'intend': this.intent.addAll(work.regions); break;
      case 'settle': for (const region of work.regions) { this.intent.delete(region); if (work.missed) this.missed.add(region); } break;
      case 'forget': for (const region of work.regions) this.missed.delete(region); break;
      case 'fence': this.meta = { ...this.meta, generation: work.generation }; break;
      case 'failed': this.meta = { ...this.meta, restarted: 'failed' }; this.lost = true; break;
      case 'recovered': this.meta = { ...this.meta, restarted: 'no' }; this.lost = false; break;
      case 'version': this.meta = { ...this.meta, set_version: Math.max(this.meta.set_version, work.set_version) }; break;
      case 'grow': this.#grow(work.size); break;
      case 'clone': this.snapshots.set(work.snapshot, [...this.cached]); break;
    }
    return { ok: true };
  }

  #fault(work: Work<Blocks>, now: number): ReplicaAnswer<Blocks> | null {
    if (work.kind === 'write' && now < this.fullUntil) return { ok: false, error: 'full' };
    if ((work.kind === 'flush' || work.kind === 'join') && this.failingFlushes > 0) {
      this.failingFlushes -= 1;
      this.broke = true;
      this.lost = true;
      return { ok: false, error: 'io' };
    }
    if ((work.kind === 'write' || work.kind === 'read' || work.kind === 'zero') && this.failing > 0) {
      this.failing -= 1;
      return { ok: false, error: 'io' };
    }
    return null;
  }

  put(work: Extract<Work<Blocks>, { kind: 'write' | 'zero' }>, only: (block: number) => boolean = () => true): void {
    for (let index = 0; index < work.length; index += 1) {
      const block = work.offset + index;
      if (!only(block)) continue;
      this.#version += 1;
      this.cached[block] = work.kind === 'zero' ? 0 : (work.data[index] ?? 0);
      this.#versions[block] = this.#version;
      if (this.#random.chance(0.2)) this.#persist(block, this.cached[block] ?? 0, this.#version); // written back by chance
    }
  }

  #persist(block: number, value: number, version: number): void {
    if ((this.#durableVersions[block] ?? 0) > version) return;
    this.durable[block] = value;
    this.#durableVersions[block] = version;
  }

  #flush(flushing: Flushing | null): void {
    flushing?.snapshot.forEach((value, block) => { this.#persist(block, value, flushing.versions[block] ?? 0); });
  }

  #grow(size: number): void {
    while (this.cached.length < size) for (const one of [this.cached, this.durable, this.#versions, this.#durableVersions]) one.push(0);
    this.meta = { ...this.meta, size: Math.max(this.meta.size, size) };
  }

  /** The power goes: what was not flushed is gone, but for what was written back; another boot begins. */
  cut(): void {
    this.lost = true;
    this.cached = [...this.durable];
    this.#versions = [...this.#durableVersions];
    this.broke = false;
    if (this.meta.restarted === 'no') this.meta = { ...this.meta, restarted: 'boot' };
  }

  /** Found by a machine that was replaced: nothing of it. */
  wipe(history: number): void {
    this.cached.fill(0);
    this.durable.fill(0);
    this.lost = true;
    this.meta = { ...this.meta, empty: true, history, restarted: 'no' };
  }
}
