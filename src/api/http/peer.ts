/**
 * Who is at the other end of a TLS connection: the caller that its certificate names, or why it is nobody. The chain is
 * walked with every signature checked again, up to the root that is trusted, so that what is looked up are its issuers: the
 * order is the peer's own, and it may send certificates that have nothing to do with the chain that was verified.
 */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { HoldfastError } from '../../model/errors.ts';
import { parseCertificateUri, type Caller, type ChainLink } from '../../model/identity.ts';

/** Which certificates the cluster trusts; see control's `Trust`. */
export interface PeerTrust {
  /** @param chain the certificate itself first, the root last. */
  admits(chain: readonly ChainLink[]): boolean;
  /** Calls back after any revocation. @returns a function that ends it. */
  onRevoked(listener: () => void): () => void;
}

interface Identified {
  readonly caller: Caller;
  readonly chain: readonly ChainLink[];
  readonly until: number;
}

const known = new WeakMap<TLSSocket, Identified | HoldfastError>();
const MAX_DEPTH = 32;

/** The cluster that a caller must belong to. */
export interface PeerCluster {
  readonly id: string;
  /** SHA-256 of its root's DER, lower-case hex. */
  readonly root: string;
}

/** @throws permission_denied: no certificate, expired, foreign, of another cluster, revoked. */
export function callerOf(socket: TLSSocket, cluster: PeerCluster, trust: PeerTrust, now: number): Caller {
  let found = known.get(socket);
  if (found === undefined) known.set(socket, found = identify(socket, cluster));
  if (found instanceof HoldfastError) throw found;
  if (now >= found.until) throw refuse(`the certificate of ${nameOf(found.caller)} has expired at ${new Date(found.until).toISOString()}`, RENEW);
  if (!trust.admits(found.chain)) throw refuse(`the certificate of ${nameOf(found.caller)} (${found.chain[0]?.serial ?? ''}) was revoked`, 'Ask an admin for a new one.');
  return found.caller;
}

/** Whether a connection that was let in must be cut now: its certificate was revoked, or has ended. */
export function isCutOff(socket: TLSSocket, trust: PeerTrust, now: number): boolean {
  const found = known.get(socket);
  return found !== undefined && !(found instanceof HoldfastError) && (now >= found.until || !trust.admits(found.chain));
}

const RENEW = 'Renew certificates before they end (holdfast cert rotate); now an admin must sign a new one: holdfast cert sign';
const refuse = (message: string, hint: string): HoldfastError => new HoldfastError('permission_denied', message, { object: 'certificate', hint });

function identify(socket: TLSSocket, cluster: PeerCluster): Identified | HoldfastError {
  // Asked once: each asking takes certificates off what the peer has sent, so that a second one sees a shorter chain.
  const shown: Partial<DetailedPeerCertificate> = socket.getPeerCertificate(true);
  if (shown.raw === undefined) return refuse('this takes a client certificate, and none was shown', 'Use --ca, --cert and --key, or HOLDFAST_CA_FILE, HOLDFAST_CERT_FILE and HOLDFAST_KEY_FILE.');
  const certificate = new X509Certificate(shown.raw);
  if (!socket.authorized) {
    const fault = String(socket.authorizationError);
    if (fault === 'CERT_HAS_EXPIRED') return refuse(`the certificate has expired at ${certificate.validToDate.toISOString()}`, RENEW);
    if (fault === 'CERT_NOT_YET_VALID') return refuse(`the certificate is only valid from ${certificate.validFromDate.toISOString()} on`, 'Are the clocks right?');
    return refuse('the certificate was not signed by this cluster', 'Use one that this cluster has given: holdfast cert sign, or holdfast cert redeem');
  }
  const uris = (certificate.subjectAltName ?? '').split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
  const uri = uris.length === 1 ? parseCertificateUri(uris[0] ?? '') : null;
  if (uri === null) return refuse('the certificate names neither a client nor a node', 'Use one that this cluster has given for a client: holdfast cert sign');
  if (uri.cluster !== cluster.id) return refuse(`the certificate is of another cluster (${uri.cluster})`, `This is ${cluster.id}: check the endpoint and the files.`);
  const chain = chainOf(shown as DetailedPeerCertificate, cluster.root);
  if (chain === null) return refuse('the chain of the certificate does not hold together', 'Use the certificate file as it was given, with all certificates in it.');
  const serial = chain[0]?.serial ?? '';
  const caller: Caller = uri.kind === 'client' ? { kind: 'client', role: uri.role, name: uri.name, serial } : { kind: 'node', node: uri.node, name: uri.name, serial };
  return { caller, chain, until: certificate.validToDate.getTime() };
}

/** From the certificate to the root; null when a signature does not fit, or another root is at its end. */
function chainOf(peer: DetailedPeerCertificate, root: string): ChainLink[] | null {
  const chain: ChainLink[] = [];
  // `X509Certificate.issuerCertificate` is missing in some versions of Node.js 24; this form of the chain is in all.
  let shown = peer;
  let at = new X509Certificate(shown.raw);
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const sha256 = at.fingerprint256.replaceAll(':', '').toLowerCase();
    chain.push({ serial: serialText(at.serialNumber), sha256 });
    if (sha256 === root) return chain;
    const above = shown.issuerCertificate as DetailedPeerCertificate | undefined;
    if (above === undefined) return null;
    const issuer = new X509Certificate(above.raw);
    if (!issuer.ca || !at.checkIssued(issuer) || !at.verify(issuer.publicKey)) return null;
    [shown, at] = [above, issuer];
  }
  return null;
}

const serialText = (serial: string): string => (serial.length % 2 === 0 ? serial : `0${serial}`).toLowerCase();
const nameOf = (caller: Caller): string => (caller.kind === 'client' ? `client ${caller.name}` : caller.kind === 'node' ? `node ${caller.name}` : 'the caller');
