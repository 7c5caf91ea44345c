/**
 * Wanted: what a machine shall be, as node.json says it, with addresses taken apart and paths made absolute. Pure.
 * What is undefined was not said: it gets its default when it is made, and is left alone afterwards.
 */
import type { NodeRole } from '../model/node.ts';
import type { Labels } from '../model/record.ts';

export const API_PORT = 7480;

export interface Address {
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export type WantedPackage =
  | { readonly from: 'file'; readonly file: string; readonly sha256: string | null; readonly downgrade: boolean }
  | { readonly from: 'apt'; readonly version: string; readonly downgrade: boolean };

export type WantedCluster =
  | { readonly by: 'init'; readonly name: string; readonly from_embedded: boolean; readonly admin: { readonly name: string; readonly csr: string } | null }
  | { readonly by: 'join'; readonly endpoints: readonly string[]; readonly token_file: string | null };

/** `own`: etcd run by Holdfast on the nodes with the role control. `external`: somebody else's. */
export type WantedStore =
  | { readonly kind: 'sqlite' }
  | { readonly kind: 'own' }
  | { readonly kind: 'external'; readonly endpoints: readonly string[]; readonly ca: string; readonly cert: string; readonly key: string };

export interface WantedPool {
  readonly name: string;
  /** A directory, or null: devices. */
  readonly path: string | null;
  readonly devices: readonly string[];
  readonly class: string | undefined;
  readonly overcommit: number | undefined;
  readonly labels: Labels | undefined;
}

export interface Wanted {
  readonly name: string;
  /** Where others reach it; null on a single machine that nobody reaches. */
  readonly advertise: Address | null;
  /** Where its API listens for TLS; null: nowhere. */
  readonly listen: Address | null;
  readonly zone: string | undefined;
  readonly labels: Labels | undefined;
  readonly roles: readonly NodeRole[] | undefined;
  readonly package: WantedPackage | null;
  /** null: a single machine. */
  readonly cluster: WantedCluster | null;
  readonly store: WantedStore;
  /** Further settings of holdfastd.json. */
  readonly daemon: Readonly<Record<string, unknown>>;
  readonly pools: readonly WantedPool[];
}

/** `10.77.0.11:7480`, `[fd00::1]:7480`. */
export const formatAddress = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Roles that the node has from its beginning: the first node of a cluster both, others `storage`, when nothing is said. */
export const rolesAtBirth = ({ roles, cluster }: Wanted): readonly NodeRole[] => roles ?? (cluster?.by === 'join' ? ['storage'] : ['control', 'storage']);
