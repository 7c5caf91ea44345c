/**
 * Connections between nodes in the simulation. Each direction keeps its order; connections among each other do not. A
 * cut holds messages back, and breaks the connection when it lasts; who sent last on a broken connection may learn so
 * late, and what was under way may still arrive (a ghost).
 */
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

export class Network {
  readonly #cutUntil = new Map<string, number>();
  readonly #slowUntil = new Map<string, number>();
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly connections = new Set<Connection>();

  constructor(schedule: Schedule, random: Random) {
    this.#schedule = schedule;
    this.#random = random;
  }

  cut(from: string, to: string, ms: number): void {
    this.#cutUntil.set(`${from}>${to}`, this.#schedule.now + ms);
  }

  slow(from: string, to: string, ms: number): void {
    this.#slowUntil.set(`${from}>${to}`, this.#schedule.now + ms);
  }

  heal(): void {
    this.#cutUntil.clear();
    this.#slowUntil.clear();
  }

  isCut(from: string, to: string): boolean {
    return from !== to && (this.#cutUntil.get(`${from}>${to}`) ?? 0) > this.#schedule.now;
  }

  delay(from: string, to: string): number {
    if (from === to) return this.#random.chance(0.8) ? 0 : 1;
    const slow = (this.#slowUntil.get(`${from}>${to}`) ?? 0) > this.#schedule.now;
    return slow ? this.#random.between(50, 600) : this.#random.chance(0.95) ? this.#random.between(1, 4) : this.#random.between(5, 80);
  }

  connect(client: string, server: string): Connection {
    const connection = new Connection(this, this.#schedule, this.#random, client, server);
    this.connections.add(connection);
    return connection;
  }
}

/** Time after which a peer that does not acknowledge is given up by the system. */
const SYSTEM_GIVES_UP_MS = 6_000;

interface Sent { at: number; readonly deliver: () => void; /** Since when it is held back. */ since: number | null }

export class Connection {
  readonly client: string;
  readonly server: string;
  readonly #network: Network;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #closed = new Set<string>();
  readonly #queues: Record<'client' | 'server', Sent[]> = { client: [], server: [] };
  /** Called once for each side that learns of the end otherwise than by its own doing. */
  onLost: (side: string) => void = () => undefined;
  #broken = false;
  #heldUntil = 0;

  constructor(network: Network, schedule: Schedule, random: Random, client: string, server: string) {
    this.#network = network;
    this.#schedule = schedule;
    this.#random = random;
    this.client = client;
    this.server = server;
  }

  /** Delivers in order, after a delay; held back while the link is cut. */
  send(from: 'client' | 'server', deliver: () => void): void {
    if (this.#closed.has(from)) return;
    const [source, target] = from === 'client' ? [this.client, this.server] : [this.server, this.client];
    const queue = this.#queues[from];
    queue.push({ at: this.#schedule.now + this.#network.delay(source, target), deliver, since: null });
    if (queue.length === 1) this.#pump(from, source, target);
  }

  /** Brings what is first in the queue when its time has come. */
  #pump(from: 'client' | 'server', source: string, target: string): void {
    const first = this.#queues[from][0];
    if (first === undefined) return;
    this.#schedule.at(first.at, () => {
      const { now } = this.#schedule;
      // What is under way when a connection breaks may sit in a buffer on the way for long.
      if (this.#heldUntil > now && from === 'client') first.at = this.#heldUntil;
      else if (this.#closed.has(from === 'client' ? 'server' : 'client')) { this.#queues[from].length = 0; return; }
      else if (this.#network.isCut(source, target)) {
        first.since ??= now;
        if (now - first.since > SYSTEM_GIVES_UP_MS) { this.#queues[from].length = 0; return this.breakOff(); }
        first.at = now + (this.#random.chance(0.6) ? 200 : this.#random.between(200, 1_600)); // it is tried again at intervals that grow
      } else {
        this.#queues[from].shift();
        // The system sends again what was held back, at intervals that have become long.
        const next = this.#queues[from][0];
        if (first.since !== null && next !== undefined && this.#random.chance(0.5)) Object.assign(next, { at: now + this.#random.between(0, 900), since: next.since ?? now });
        this.#pump(from, source, target);
        return first.deliver();
      }
      this.#pump(from, source, target);
    });
  }

  /** One side closes: it hears nothing more; the other learns so when the news arrives. */
  close(side: 'client' | 'server'): void {
    if (this.#closed.has(side)) return;
    const other = side === 'client' ? 'server' : 'client';
    this.send(side, () => { this.#lose(other); });
    this.#closed.add(side);
    if (this.#closed.size === 2) this.#network.connections.delete(this);
  }

  /** Both sides lose it, each in its own time; what is under way to the server may still arrive before. */
  breakOff(): void {
    if (this.#broken) return;
    this.#broken = true;
    if (this.#random.chance(0.4)) this.#heldUntil = this.#schedule.now + this.#random.between(0, 3_500);
    for (const side of ['client', 'server'] as const) this.#schedule.at(Math.max(side === 'server' ? this.#heldUntil + 1 : 0, this.#schedule.now + (this.#random.chance(0.5) ? this.#random.between(0, 5) : this.#random.between(5, 1_500))), () => { this.#lose(side); });
  }

  /** A side's process is gone: it hears nothing; the other learns so soon (the system is there) or by silence. */
  vanish(side: 'client' | 'server', systemIsThere: boolean): void {
    if (this.#closed.has(side)) return;
    if (systemIsThere) return this.close(side);
    this.#closed.add(side);
    const other = side === 'client' ? 'server' : 'client';
    this.#schedule.after(SYSTEM_GIVES_UP_MS, () => { this.#lose(other); });
  }

  #lose(side: 'client' | 'server'): void {
    if (this.#closed.has(side)) return;
    this.#closed.add(side);
    if (this.#closed.size === 2) this.#network.connections.delete(this);
    this.onLost(side);
  }
}
