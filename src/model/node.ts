/** Node: a machine that runs the daemon, and what its kernel and tools offer. */
import type { Condition, Labels } from './record.ts';

export interface NodeCapabilities {
  readonly kernel: string;
  readonly boot_id: string;
  readonly machine_id: string;
  /** Each: whether it can be used here, and why not. */
  readonly features: Readonly<Record<NodeFeature, { readonly available: boolean; readonly reason: string }>>;
}

export const NODE_FEATURES = ['loop', 'loop_direct_io', 'xfs', 'ext4', 'fuse', 'nbd', 'nfs_client', 'device_mapper', 'mount_propagation'] as const;
export type NodeFeature = (typeof NODE_FEATURES)[number];

/** `control`: holds the control store, signs certificates. `storage`: holds replicas. */
export type NodeRole = 'control' | 'storage';
export const NODE_ROLES: readonly NodeRole[] = ['control', 'storage'];

/** `joining`: has certificates, its daemon has not reported yet. `unavailable`: its lease has run out. `draining`, `drained`: takes no new work. */
export type NodeState = 'joining' | 'ready' | 'unavailable' | 'draining' | 'drained';

export interface Node {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly owner: string;
  readonly labels: Labels;
  readonly spec: {
    readonly roles: readonly NodeRole[];
    /** Failure domain: replicas are spread over zones. "" for none. */
    readonly zone: string;
    /** `host:port` of its REST API over TLS; null on a single machine. */
    readonly address: string | null;
    /** Takes no new work: being drained, or drained. */
    readonly cordoned: boolean;
  };
  readonly status: {
    readonly state: NodeState;
    readonly conditions: readonly Condition[];
    readonly observed_at: string | null;
    readonly daemon_version: string;
    readonly capabilities: NodeCapabilities;
  };
  readonly created_at: string;
}

export interface Cluster {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
}

/** Something that happened, for people: newest events tell the story of an object in order. */
export interface HoldfastEvent {
  readonly id: string;
  readonly at: string;
  readonly object: { readonly kind: string; readonly id: string; readonly name: string };
  readonly reason: string;
  readonly message: string;
  readonly severity: 'info' | 'warning';
}
