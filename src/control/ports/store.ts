/**
 * Store: the versioned key-value store that holds desired and observed state. Two implementations
 * (SQLite embedded, etcd in a cluster) pass one contract suite. Values are JSON.
 *
 * Contract
 * - Every successful `txn` that writes raises the store's revision by one; all its writes carry it. Revisions never fall.
 * - `txn` is atomic and durable when it returns `committed`; with `committed: false` nothing was written.
 * - `get`, `list` and `watch` see every transaction that returned before they were called.
 * - `list` returns keys in byte order, with the revision it was read at.
 * - `watch` yields every change of a key below the prefix from `fromRevision` on, in order, each once, without a
 *   gap, across reconnects; it ends only by its signal. If history before `fromRevision` is gone, it throws `compacted`
 *   (a HoldfastError failed_precondition), and the caller lists again.
 * - A key written under a lease is deleted when the lease ends. `keepAlive` after the end throws not_found.
 * - Keys: `/`-separated, 1 to 512 printable ASCII characters. Values up to 1 MiB.
 * - A call on a closed store, or one whose medium is away, throws unavailable; the outcome of a txn may then be unknown
 *   and is to be read back.
 */
export interface Entry<T = unknown> {
  readonly key: string;
  readonly value: T;
  /** Revision of the last change of this key. */
  readonly revision: number;
}

export interface Compare {
  readonly key: string;
  /** The revision that the key must have; 0: it must not exist. */
  readonly revision: number;
}

export type Write =
  | { readonly op: 'put'; readonly key: string; readonly value: unknown; readonly lease?: string }
  | { readonly op: 'delete'; readonly key: string };

export type TxnResult = { readonly committed: true; readonly revision: number } | { readonly committed: false };

export type Change =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown; readonly revision: number }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number };

export interface Lease {
  readonly id: string;
  readonly ttl_ms: number;
}

export interface Store {
  get<T>(key: string): Promise<Entry<T> | null>;
  /** @param options.after only keys greater than this; @param options.limit at most so many (default: all). */
  list<T>(prefix: string, options?: { readonly after?: string; readonly limit?: number }): Promise<{ readonly entries: readonly Entry<T>[]; readonly revision: number }>;
  /** All compares hold, or nothing is written. A key may be written once per transaction. */
  txn(compare: readonly Compare[], writes: readonly Write[]): Promise<TxnResult>;
  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<Change>;
  grantLease(ttlMs: number): Promise<Lease>;
  keepAlive(lease: Lease): Promise<void>;
  revokeLease(lease: Lease): Promise<void>;
  /** Checks the store's own integrity; a list of faults, empty when sound. */
  check(): Promise<readonly string[]>;
  close(): Promise<void>;
}
