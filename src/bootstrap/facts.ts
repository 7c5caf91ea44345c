/** Facts: how a machine is now, as far as converge is concerned. Gathered by observe.ts without changing anything. Pure. */
import type { Node } from '../model/node.ts';
import type { Pool } from '../model/pool.ts';

export type ServiceName = 'holdfastd' | 'holdfast-etcd';

/** What makes this machine a node of a cluster, kept beside its keys; written last, so that it is there only with all of them. */
export interface Membership {
  readonly by: 'init' | 'join';
  readonly cluster_id: string;
  readonly cluster_name: string;
  readonly node_id: string;
  readonly node_name: string;
  /** SHA-256 of the cluster's root certificate, lower-case hex. */
  readonly ca_sha256: string;
  /** Of the control store, as they were at that time; [] for an embedded one. */
  readonly store_endpoints: readonly string[];
  /** What its etcd member begins with, when it holds one. */
  readonly member: { readonly name: string; readonly initial_cluster: string; readonly initial_state: 'new' | 'existing' } | null;
  /** `host:port` of nodes that answered then. */
  readonly addresses: readonly string[];
}

export interface MemberView {
  readonly name: string;
  readonly learner: boolean;
  readonly peer_urls: readonly string[];
}

/** What the daemon tells over its socket. */
export interface DaemonView {
  readonly version: string;
  readonly cluster: { readonly id: string; readonly name: string };
  readonly node: Node;
  /** Of this node. */
  readonly pools: readonly Pool[];
  /** On a single machine: how many volumes there are, trash included; null in a cluster, where nobody needs it. */
  readonly volumes: number | null;
  /** Of etcd, when the cluster runs its own; else null. */
  readonly members: readonly MemberView[] | null;
}

export interface ServiceView {
  readonly running: boolean;
  /** SHA-256 of the configuration that it was started with; null when that is not known. */
  readonly config_sha256: string | null;
  /** Of the program that runs; null when that is not known. */
  readonly version: string | null;
}

export interface Facts {
  /** Wall clock, ms since the epoch. */
  readonly now: number;
  readonly machine_id: string;
  /** Debian package holdfast: its version, or null. */
  readonly package: string | null;
  /** What the wanted package file holds; null when none is wanted, or it was not looked into because it is installed. */
  readonly offered: { readonly version: string; readonly sha256: string } | null;
  /** SHA-256 of the package file that was installed last, and the version it brought. */
  readonly installed_file: { readonly version: string; readonly sha256: string } | null;
  /** The program is there, and no service of its own competes with ours. */
  readonly etcd_installed: boolean;
  readonly membership: Membership | null;
  /** What keeps the directory of keys from being made, as words about it; null: nothing does, or it is made. */
  readonly pki_obstacle: string | null;
  /** Of the node's certificate; null without one. */
  readonly certificate: { readonly not_after: number; readonly hosts: readonly string[] } | null;
  /** A join was begun: its keys are there. */
  readonly joining: boolean;
  /** Parsed holdfastd.json and its digest; null when it is not there. */
  readonly config: { readonly settings: Readonly<Record<string, unknown>>; readonly sha256: string } | null;
  readonly etcd_config: { readonly settings: Readonly<Record<string, unknown>>; readonly sha256: string } | null;
  /** An embedded store lies here. */
  readonly embedded_store: boolean;
  readonly services: Readonly<Record<ServiceName, ServiceView>>;
  /** null: it does not answer. */
  readonly daemon: DaemonView | null;
  /** The certificate for the wanted admin's request, if it was signed. */
  readonly admin: { readonly not_after: number } | null;
}
