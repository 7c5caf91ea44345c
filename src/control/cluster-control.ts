/**
 * The use cases of a cluster: the life of nodes, identities (tokens, certificates), and the audit log. Part of Control;
 * on a single machine without a cluster those about identities refuse with failed_precondition.
 */
import type { AuditEntry, Certificate, JoinToken, Role } from '../model/identity.ts';
import type { Node, NodeRole } from '../model/node.ts';
import type { Labels } from '../model/record.ts';
import type { Millis } from '../model/duration.ts';
import type { Accepted, CallOptions, Control, Page, PageQuery } from './control.ts';
import type { StoreMember } from './ports/store-members.ts';

export interface UpdateNode {
  readonly labels?: Labels;
  /** Failure domain, a name; "" for none. */
  readonly zone?: string;
  /** `host:port` of its REST API. */
  readonly address?: string;
  /** `storage` may be taken away only where no replica is left; `control` changes through converge on the machine. */
  readonly roles?: readonly NodeRole[];
  readonly owner?: string;
}

/** A volume whose only copy would go with a node, or that waits for its consumers to let go. */
export interface NodeHolding {
  readonly volume: string;
  readonly name: string;
  readonly size_bytes: number;
  /** It has no other in-sync replica on a node that lives. */
  readonly last_copy: boolean;
  readonly attached: boolean;
  readonly consumers: readonly string[];
}

export interface NodeControl {
  listNodes(query?: PageQuery & { readonly name?: string }): Promise<Page<Node>>;
  getNode(ref: string): Promise<Node>;
  updateNode(ref: string, change: UpdateNode, options?: CallOptions): Promise<Node>;
  /** What is on the node: for drain, removal and plan. Trash is not counted. */
  nodeHoldings(ref: string): Promise<readonly NodeHolding[]>;
  /** No new work is placed there; ends when nothing is attached there any more. Progress: volumes let go of. Again: the same operation. */
  drainNode(ref: string, options?: CallOptions): Promise<Accepted<Node>>;
  /** Takes work again; cancels a drain that runs. */
  undrainNode(ref: string, options?: CallOptions): Promise<Node>;
  /**
   * Takes the node out: its certificates are revoked, its etcd member leaves. Refused (failed_precondition, with the list)
   * while it holds a last copy, while something is attached there, while it lives and is not drained, and when the control
   * store would lose its majority. `abandon`: its last copies are given up for lost (the volumes stay, unavailable).
   */
  removeNode(ref: string, request?: { readonly abandon?: boolean }, options?: CallOptions): Promise<Accepted<Node>>;
}

export interface MemberControl {
  /** The machines that hold the control store; [] where it is embedded or not run by Holdfast. */
  listMembers(): Promise<readonly StoreMember[]>;
}

export interface JoinRequest {
  /** The token as it was printed: a secret. Never logged or stored. */
  readonly token: string;
  readonly name: string;
  readonly roles: readonly NodeRole[];
  readonly zone: string;
  readonly labels: Labels;
  /** `host:port` where others reach its REST API. */
  readonly address: string;
  readonly machine_id: string;
  readonly daemon_version: string;
  /** Wall clock of the machine, ms since the epoch: more than 5 minutes away is refused, naming both times. */
  readonly now_ms: Millis;
  /** PEM. */
  readonly csr: string;
  /** PEM; for the certificate towards the control store. */
  readonly store_csr: string;
  /** PEM; only with the role control: certificate authorities of its own, below the cluster's. */
  readonly issuer_csr?: string;
  readonly store_issuer_csr?: string;
}

/** All PEM; chains begin with the certificate itself and end with the root. */
export interface JoinAnswer {
  readonly cluster_id: string;
  readonly cluster_name: string;
  readonly node_id: string;
  readonly ca: string;
  readonly certificate: string;
  readonly store_ca: string;
  readonly store_certificate: string;
  readonly issuer: string | null;
  readonly store_issuer: string | null;
  readonly store: {
    readonly endpoints: readonly string[];
    /** For a node with the role control, when the cluster runs its own etcd: what its member starts with. */
    readonly member: { readonly name: string; readonly initial_cluster: string; readonly peer_url: string; readonly client_url: string } | null;
  };
  /** Addresses (`host:port`) of nodes that answer the REST API. */
  readonly addresses: readonly string[];
}

export interface IdentityControl {
  /** @returns the record, and the token itself, which is shown this once. */
  createToken(request: { readonly grants: Role | 'node'; readonly name?: string; readonly node_roles?: readonly NodeRole[]; readonly replaces?: string; readonly ttl_ms?: Millis }, options?: CallOptions): Promise<{ readonly token: string; readonly record: JoinToken }>;
  listTokens(query?: PageQuery): Promise<Page<JoinToken>>;
  removeToken(id: string, options?: CallOptions): Promise<void>;
  /** The same token with the same keys again gives the same node (resumable); with other keys: permission_denied. */
  joinNode(request: JoinRequest): Promise<JoinAnswer>;
  /** A client redeems a token for a certificate. */
  joinClient(request: { readonly token: string; readonly name: string; readonly csr: string }): Promise<{ readonly certificate: string; readonly ca: string; readonly cluster_id: string }>;
  /** An admin signs a client's request. `ttl_ms` default 90 days, 10 minutes to 1 year. */
  signClient(request: { readonly role: Role; readonly name: string; readonly csr: string; readonly ttl_ms?: Millis }, options?: CallOptions): Promise<{ readonly certificate: string; readonly ca: string; readonly record: Certificate }>;
  /** A node or client gets a new certificate for a new key, under the certificate it has. */
  renewCertificate(request: { readonly csr: string; readonly store_csr?: string }, caller: import('../model/identity.ts').Caller): Promise<{ readonly certificate: string; readonly ca: string; readonly store_certificate: string | null; readonly store_ca: string | null }>;
  listCertificates(query?: PageQuery & { readonly name?: string }): Promise<Page<Certificate>>;
  revokeCertificate(serial: string, options?: CallOptions): Promise<Certificate>;
  /** Whether a certificate of this serial must be refused; answered from memory, at once. */
  isRevoked(serial: string): boolean;
  listAudit(query?: PageQuery & { readonly object?: string; readonly actor?: string }): Promise<Page<AuditEntry>>;
}

/** All use cases: what surfaces of a cluster call. */
export interface ClusterControl extends Control, NodeControl, MemberControl, IdentityControl {
  listNodes: NodeControl['listNodes'];
  getNode: NodeControl['getNode'];
}
