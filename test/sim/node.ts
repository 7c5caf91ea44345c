/** A machine in the simulation: a clock of its own, a lease, replicas, and perhaps the client of the volume. */
import type { Disk } from './disk.ts';
import { Front } from './front.ts';
import { ReplicaProcess } from './replica-process.ts';
import type { World } from './world.ts';

export class SimNode {
  readonly name: string;
  readonly world: World;
  readonly disks = new Map<string, Disk>();
  readonly replicas = new Map<string, ReplicaProcess>();
  front: Front | null = null;
  up = true;
  lease = '';
  #frozenUntil = 0;
  #offset: number;
  readonly #rate: number;
  #boot = 0;
  #waiting: (() => void)[] = [];
  /** Incarnations of connections are never used twice by a node. */
  incarnations = 0;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.#offset = world.random.between(0, 100_000);
    this.#rate = 1 + (world.random.next() - 0.5) * 0.01;
  }

  /** What counts suspension, at this machine's own rate. */
  clock(): number {
    return this.#offset + this.world.schedule.now * this.#rate;
  }

  start(): void {
    this.up = true;
    this.#boot += 1;
    this.#newLease();
    this.startProcesses();
  }

  startProcesses(): void {
    for (const [id, disk] of this.disks) this.replicas.set(id, new ReplicaProcess(this, id, disk));
  }

  addReplica(id: string, disk: Disk): void {
    this.disks.set(id, disk);
    if (this.up && this.replicas.size > 0) this.replicas.set(id, new ReplicaProcess(this, id, disk));
  }

  /** @param power whether the machine loses power, too: what was not flushed goes. */
  kill(power: boolean): void {
    for (const process of this.replicas.values()) process.kill(!power);
    this.replicas.clear();
    this.front?.killed(power);
    if (!power) return;
    this.front = null;
    this.up = false;
    this.#boot += 1;
    this.#frozenUntil = 0;
    this.#waiting = [];
    for (const disk of this.disks.values()) disk.cut();
  }

  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.world.schedule.now + ms);
    const boot = this.#boot;
    this.world.schedule.at(this.#frozenUntil, () => { if (boot === this.#boot) this.#wake(); });
  }

  get frozen(): boolean {
    return this.world.schedule.now < this.#frozenUntil;
  }

  /** Runs it now, or when the machine wakes, in order. */
  whenAwake(run: () => void): void {
    if (!this.up) return;
    if (!this.frozen && this.#waiting.length === 0) run();
    else this.#waiting.push(run);
  }

  #wake(): void {
    if (this.frozen) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) if (this.up) run();
  }

  #newLease(): void {
    const boot = this.#boot;
    if (!this.world.store.reachable(this.name)) {
      this.world.schedule.after(500, () => { if (boot === this.#boot) this.#newLease(); });
      return;
    }
    this.lease = `${this.name}-${this.world.nextId()}`;
    this.world.store.grant(this.lease);
    this.front?.leaseChanged();
    this.#keepLease(boot);
  }

  #keepLease(boot: number): void {
    this.world.schedule.after(1_000, () => {
      if (boot !== this.#boot) return;
      this.whenAwake(() => {
        if (boot !== this.#boot) return;
        if (this.world.store.reachable(this.name) && !this.world.store.keepAlive(this.lease)) this.#newLease();
        else this.#keepLease(boot);
      });
    });
  }
}
