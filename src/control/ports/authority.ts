/** Authority: signs certificates with keys that stay on this machine. Only nodes with the role control have one. */
import type { CertificateUri, ChainLink } from '../../model/identity.ts';

export interface Signed {
  /** PEM: the certificate, its issuers, the root last. */
  readonly chain: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly sha256: string;
  readonly not_before: string;
  readonly not_after: string;
  /** SHA-256 of the public key in the request (SubjectPublicKeyInfo), lower-case hex. */
  readonly key_sha256: string;
}

export interface Authority {
  /** The certificate of this machine's own authority: the root itself on the first node. */
  readonly issuer: ChainLink & { readonly not_after: string };
  /** PEM of the root. */
  readonly ca: string;
  /** PEM of the root of the control store's own domain: client certificates of the API are worth nothing there. */
  readonly storeCa: string;
  /** SHA-256 of the root's DER, lower-case hex: what a join token pins. */
  readonly caSha256: string;
  /** @param hosts names and addresses for TLS servers; [] for clients. @throws invalid_argument for a request that is malformed, unsigned or of a weak key. */
  sign(csrPem: string, uri: CertificateUri, options: { readonly hosts: readonly string[]; readonly ttl_ms: number }): Promise<Signed>;
  /** For etcd: peer, server and client at once. */
  signStore(csrPem: string, nodeName: string, options: { readonly hosts: readonly string[]; readonly ttl_ms: number }): Promise<Signed>;
  /** Makes another node an authority below this one. */
  signIssuer(csrPem: string, nodeName: string, domain: 'cluster' | 'store'): Promise<Signed>;
  /** Public key hash of a request, without signing it. */
  keyOf(csrPem: string): Promise<string>;
}
