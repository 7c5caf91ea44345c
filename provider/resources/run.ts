/**
 * What one run of the provider has seen: Terraform shows a provider one object at a time, so everything that depends on
 * several of them (names declared twice, pools that are planned, what will be destroyed) is remembered here. A run is one
 * walk of one command: nothing in it outlives the process, and nothing in it is a decision.
 */
import { Ledger } from './ledger.ts';

export type Noun = 'pool' | 'volume' | 'snapshot' | 'node';

export class Run {
  /** What the volumes of this plan will take from their pools. */
  readonly ledger = new Ledger();
  readonly #held = new Set<string>();
  readonly #planned = new Set<string>();
  readonly #begun = new Set<string>();
  #makesPools = false;
  readonly #leaving = new Set<string>();

  /** The object is in this state already: no other address may take it. */
  hold(id: string): void { this.#held.add(id); }
  isHeld(id: string): boolean { return this.#held.has(id); }

  /** An object of this name is planned, so others may refer to it before it exists. False when one was planned before. */
  plan(noun: Noun, name: string): boolean {
    const first = !this.isPlanned(noun, name);
    this.#planned.add(`${noun} ${name}`);
    return first;
  }
  isPlanned(noun: Noun, name: string): boolean { return this.#planned.has(`${noun} ${name}`); }

  /** A pool is made in this run: what is in no certain pool may come to lie there. */
  makePool(): void { this.#makesPools = true; }
  get makesPools(): boolean { return this.#makesPools; }

  /**
   * An object of this name is being made. False when one was made before in this run: then two addresses declare it, and
   * the second must not take the first one's for what an interrupted run left.
   */
  begin(noun: Noun, name: string): boolean {
    const key = `${noun} ${name}`;
    const first = !this.#begun.has(key);
    this.#begun.add(key);
    return first;
  }

  /** The object is planned to be destroyed in this run. */
  leave(id: string): void { this.#leaving.add(id); }
  isLeaving(id: string): boolean { return this.#leaving.has(id); }
}
