/**
 * A client that writes blocks all the time, several at once, and knows for each block what may be there: the last content that was
 * acknowledged, and what was sent after that without an answer.
 */
import { connect } from 'node:net';
import { openNbd, type NbdClient } from '../../../src/replication/nbd/client.ts';
import { COMMAND, NBD_ERROR } from '../../../src/replication/nbd/wire.ts';

export const BLOCK = 4096;

export class SteadyWriter {
  /** Writes that were acknowledged. */
  acknowledged = 0;
  /** Why it ended by itself; null: it did not. */
  closedBy: string | null = null;
  errors = 0;
  readonly #blocks: number;
  readonly #from: number;
  readonly #depth: number;
  readonly #kept = new Map<number, number>();
  readonly #open = new Map<number, Set<number>>();
  readonly #inFlight = new Map<number, { block: number; value: number }>();
  #client: NbdClient | null = null;
  #value = 0;
  #going = false;
  #idle: (() => void)[] = [];
  #flushed: (() => void) | null = null;

  /** Writes to `blocks` blocks from block `from` on. */
  constructor(blocks: number, depth = 16, from = 0) {
    this.#blocks = blocks;
    this.#from = from;
    this.#depth = depth;
  }

  get inFlight(): number { return this.#inFlight.size; }

  async begin(socket: string): Promise<this> {
    this.#inFlight.clear();
    this.closedBy = null;
    this.#client = await openNbd(connect(socket), { export: '', handler: {
      reply: (cookie, error) => this.#reply(cookie, error),
      closed: (reason) => {
        this.closedBy = reason;
        this.#going = false;
        this.#settle();
      },
    } });
    this.#going = true;
    this.#more();
    return this;
  }

  /** Waits until so many more writes are acknowledged. */
  async acknowledges(more: number): Promise<void> {
    const wanted = this.acknowledged + more;
    while (this.acknowledged < wanted) {
      if (this.closedBy !== null) throw new Error(`the device has ended: ${this.closedBy}`);
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
  }

  /** No more writes; resolves when all are answered, or the connection is gone. */
  async pause(): Promise<void> {
    this.#going = false;
    if (this.#inFlight.size > 0 && this.closedBy === null) await new Promise<void>((resolve) => void this.#idle.push(resolve));
  }

  /** Time for answers that were given to arrive. */
  async onItsWay(): Promise<void> {
    await new Promise((resolve) => void setTimeout(resolve, 300));
  }

  /** No more writes, whether or not those in flight are ever answered. */
  pauseSoon(): void {
    this.#going = false;
  }

  goOn(): void {
    this.#going = true;
    this.#more();
  }

  async flush(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#flushed = resolve;
      this.#client?.send(0, COMMAND.flush, 0, 0);
    });
  }

  end(): void {
    this.#going = false;
    this.#client?.drop('done');
  }

  /** Blocks of the disk that hold what they must not, in words; with the writes that count. */
  wrong(disk: Buffer): readonly string[] {
    const found: string[] = [];
    for (let block = this.#from; block < this.#from + this.#blocks; block += 1) {
      const values = new Set(Array.from({ length: BLOCK / 8 }, (_unused, index) => Number(disk.readBigUInt64BE(block * BLOCK + index * 8))));
      const [value = 0] = values;
      const may = [this.#kept.get(block) ?? 0, ...(this.#open.get(block) ?? [])];
      if (values.size !== 1 || !may.includes(value)) found.push(`block ${block} holds ${[...values].join(' ')}, and may hold ${may.join(' ')}`);
    }
    return found;
  }

  /** The same for the blocks that it wrote to at all: others had other writers. */
  wrongWhereWritten(disk: Buffer): readonly string[] {
    return this.wrong(disk).filter((text) => !text.endsWith('may hold 0'));
  }

  #more(): void {
    while (this.#going && this.#inFlight.size < this.#depth && this.#client?.closedBy === null) {
      const block = this.#from + Math.floor(Math.random() * this.#blocks);
      if ([...this.#inFlight.values()].some((one) => one.block === block)) continue;
      this.#value += 1;
      const value = this.#value;
      const data = Buffer.alloc(BLOCK);
      for (let at = 0; at < BLOCK; at += 8) data.writeBigUInt64BE(BigInt(value), at);
      this.#inFlight.set(value, { block, value });
      this.#open.set(block, new Set([...(this.#open.get(block) ?? []), value]));
      this.#client.send(value, COMMAND.write, block * BLOCK, BLOCK, data);
    }
  }

  #reply(cookie: number, error: number): void {
    if (cookie === 0) return this.#flushed?.();
    const one = this.#inFlight.get(cookie);
    if (one === undefined) return;
    this.#inFlight.delete(cookie);
    if (error === NBD_ERROR.OK) {
      this.acknowledged += 1;
      this.#kept.set(one.block, one.value);
      this.#open.delete(one.block);
    } else this.errors += 1;
    this.#more();
    if (this.#inFlight.size === 0) this.#settle();
  }

  #settle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
