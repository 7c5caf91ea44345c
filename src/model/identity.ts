/**
 * Identity: who calls, and what that role may do. Roles stand in certificates; nothing else grants anything.
 * Pure: how a certificate is read or signed is told elsewhere.
 */

/** Of clients: everything; data and nodes, no identities; what a scheduler's plug-in needs; reading. */
export type Role = 'admin' | 'operator' | 'plugin' | 'read-only';
export const ROLES: readonly Role[] = ['admin', 'operator', 'plugin', 'read-only'];

/** `local`: root on this machine, over the unix socket. `node`: a daemon of the cluster. `joining`: holds a token, no certificate. */
export type Caller =
  | { readonly kind: 'local' }
  | { readonly kind: 'client'; readonly role: Role; readonly name: string; readonly serial: string }
  | { readonly kind: 'node'; readonly node: string; readonly name: string; readonly serial: string }
  | { readonly kind: 'joining' };

/**
 * The subject of a certificate as a URI in its subject alternative names:
 * `holdfast://<cluster id>/client/<role>/<name>` or `holdfast://<cluster id>/node/<node id>/<name>`.
 */
export type CertificateUri =
  | { readonly cluster: string; readonly kind: 'client'; readonly role: Role; readonly name: string }
  | { readonly cluster: string; readonly kind: 'node'; readonly node: string; readonly name: string };

export function formatCertificateUri(uri: CertificateUri): string {
  return uri.kind === 'client' ? `holdfast://${uri.cluster}/client/${uri.role}/${uri.name}` : `holdfast://${uri.cluster}/node/${uri.node}/${uri.name}`;
}

/** Null for any text that is not exactly one of the two forms. */
export function parseCertificateUri(text: string): CertificateUri | null {
  const client = /^holdfast:\/\/(clu_[0-9A-Z]{26})\/client\/([a-z-]+)\/([a-z0-9][a-z0-9._-]{0,62})$/.exec(text);
  const role = ROLES.find((one) => one === client?.[2]);
  if (client?.[1] !== undefined && client[3] !== undefined && role !== undefined) return { cluster: client[1], kind: 'client', role, name: client[3] };
  const node = /^holdfast:\/\/(clu_[0-9A-Z]{26})\/node\/(node_[0-9A-Z]{26})\/([a-z0-9][a-z0-9._-]{0,62})$/.exec(text);
  if (node?.[1] !== undefined && node[2] !== undefined && node[3] !== undefined) return { cluster: node[1], kind: 'node', node: node[2], name: node[3] };
  return null;
}

/** Names under which a node is reached, for its server certificates. @param address `host:port` or a host; null: none. */
export function hostsOf(name: string, address: string | null): string[] {
  const host = address === null ? [] : [address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')];
  return [...new Set([name, ...host, 'localhost', '127.0.0.1'])];
}

/** How a caller is told to people: `alice (operator)`, `node n2`, `root on n1`. @param here name of this node. */
export function actorText(caller: Caller, here: string): string {
  switch (caller.kind) {
    case 'local': return `root on ${here}`;
    case 'client': return `${caller.name} (${caller.role})`;
    case 'node': return `node ${caller.name}`;
    case 'joining': return 'somebody with a join token';
  }
}

/** One certificate of a chain. Whoever has an issuer's key can repeat a serial number, not a fingerprint. */
export interface ChainLink {
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly sha256: string;
}

/** A certificate that was given out. The certificate itself is no secret; the key never was here. */
export interface Certificate {
  /** Serial number, lower-case hex. */
  readonly serial: string;
  readonly uri: string;
  readonly kind: 'client' | 'node';
  readonly role: Role | 'node';
  readonly name: string;
  readonly not_before: string;
  readonly not_after: string;
  readonly issued_at: string;
  /** Who asked for it. */
  readonly issued_by: string;
  readonly revoked_at: string | null;
}

/** A one-time permission to get a certificate. Only a hash of its secret is kept. */
export interface JoinToken {
  readonly id: string;
  /** `node`, or the role of the client certificate that it gives. */
  readonly grants: Role | 'node';
  /** The only name that may be asked for; null: any free one. */
  readonly name: string | null;
  /** For nodes: the roles that it may take. */
  readonly node_roles: readonly ('control' | 'storage')[];
  /** For nodes: id of the dead node that the new machine takes the place of, or null. */
  readonly replaces: string | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string;
  readonly used_at: string | null;
}

/** One change: who did what to which object, and how it was before and after. */
export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  /** `alice (operator)`, `root on n1`, `docker on n1`, `node n2`. */
  readonly actor: string;
  /** The use case: `volume.create`, `node.drain`, … */
  readonly action: string;
  readonly object: { readonly kind: string; readonly id: string; readonly name: string };
  /** The request's fields, secrets left out. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly outcome: 'begun' | 'done' | 'refused';
  /** Why it was refused; "" otherwise. */
  readonly reason: string;
  readonly before: unknown;
  readonly after: unknown;
}
