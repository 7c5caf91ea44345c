/** StoreMembers: the machines that hold the control store, when the cluster runs its own etcd. Null where it does not. */
export interface StoreMember {
  /** Hex, as etcd shows it. */
  readonly id: string;
  /** Node name; "" until the member has started. */
  readonly name: string;
  readonly peer_urls: readonly string[];
  readonly client_urls: readonly string[];
  readonly learner: boolean;
  /** It answered when asked just now. */
  readonly healthy: boolean;
}

export interface StoreMembers {
  list(): Promise<readonly StoreMember[]>;
  /** As a learner; the same peer URL again: nothing to do. Returns what the new member needs as `--initial-cluster`. */
  addLearner(name: string, peerUrl: string): Promise<{ readonly initial_cluster: string }>;
  /** Makes a learner that has caught up a voter. false: it has not yet. */
  promote(id: string): Promise<boolean>;
  /** @throws failed_precondition when the rest would have no healthy majority. */
  remove(id: string): Promise<void>;
}
