/** Which node is at the other end of a TLS connection: what its certificate says, which the cluster's authority has signed. */
import type { TLSSocket } from 'node:tls';
import { parseCertificateUri } from '../../model/identity.ts';

/** What this node shows, and whom it believes; PEM. */
export interface PeerCredentials {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** null: the certificate is none of a node. The connection is verified against the authority before. */
export function nodeOfPeer(socket: TLSSocket): string | null {
  const names = socket.getPeerX509Certificate()?.subjectAltName ?? '';
  const uris = names.split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
  const uri = uris.length === 1 ? parseCertificateUri(uris[0] ?? '') : null;
  return uri?.kind === 'node' ? uri.node : null;
}

export const TLS = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;
