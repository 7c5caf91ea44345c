/**
 * What resources and data sources work with: the client of one daemon, the provider's defaults, and what this run has
 * seen. Makes sure that it is the cluster of the state that answers.
 */
import type { HoldfastClient } from '../../src/client/client.ts';
import type { Node } from '../../src/model/node.ts';
import type { Pool } from '../../src/model/pool.ts';
import type { Labels } from '../../src/model/record.ts';
import type { Machines } from '../bootstrap/connect.ts';
import { ProviderError } from '../framework/index.ts';
import { Run } from './run.ts';

export type IfTrashed = 'refuse' | 'restore' | 'new';
export const IF_TRASHED: readonly IfTrashed[] = ['refuse', 'restore', 'new'];

export interface Defaults {
  readonly deletion_protection: boolean;
  readonly if_trashed: IfTrashed;
  readonly labels: Labels;
}

export class Connection {
  readonly client: HoldfastClient;
  /** Stored on what this configuration makes; "" for none. */
  readonly owner: string;
  readonly defaults: Defaults;
  /** Machines that are reached over SSH. */
  readonly machines: Machines;
  readonly run = new Run();
  readonly #recall = new Map<string, { readonly since: number; readonly answer: Promise<unknown> }>();

  constructor(client: HoldfastClient, owner: string, defaults: Defaults, machines: Machines) {
    this.client = client;
    this.owner = owner;
    this.defaults = defaults;
    this.machines = machines;
  }

  /** Id of the cluster that answers. `fresh`: asked again, not remembered. */
  async clusterId({ signal, fresh = false }: { readonly signal?: AbortSignal; readonly fresh?: boolean } = {}): Promise<string> {
    if (fresh) return (await this.client.cluster({ signal })).id;
    return (await this.#remembered('cluster', () => this.client.cluster())).id;
  }

  /**
   * Refuses an answer of another cluster: what it says about our objects means nothing.
   * @param expected of the state; null when none is known yet.
   * @returns the id of the cluster.
   */
  async checkCluster(expected: string | null, object: string, options: { readonly signal?: AbortSignal; readonly fresh?: boolean } = {}): Promise<string> {
    const actual = await this.clusterId(options);
    if (expected === null || expected === '' || expected === actual) return actual;
    throw new ProviderError('Another cluster answered', `${object} belongs to cluster ${expected}, but the daemon at ${this.client.endpoint} is of cluster ${actual}. Nothing was read or changed. Set the provider's endpoint to the cluster of this state; or, if that cluster is gone for good, stop managing the object with a "removed" block.`);
  }

  /** All pools, as of a moment ago at most. */
  async pools(): Promise<readonly Pool[]> { return this.#remembered('pools', () => this.client.pools.list().all()); }

  /** All nodes, as of a moment ago at most. */
  async nodes(): Promise<readonly Node[]> { return this.#remembered('nodes', () => this.client.nodes.list().all()); }

  /** Whether a text, a name or an id, means the node of that id. */
  async isNode(text: string, id: string): Promise<boolean> { return text === id || (await this.nodes()).some((node) => node.id === id && node.name === text); }

  /** Many resources ask the same at once: one question to the daemon answers them all. Failures are not remembered. */
  #remembered<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const before = this.#recall.get(what);
    if (before !== undefined && performance.now() - before.since < REMEMBERED_MS) return before.answer as Promise<T>;
    const answer = ask();
    this.#recall.set(what, { since: performance.now(), answer });
    answer.catch(() => { this.#recall.delete(what); });
    return answer;
  }
}
const REMEMBERED_MS = 1_000;
