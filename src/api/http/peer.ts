/**
 * Who is at the other end of a TLS connection: the caller that its certificate names, or why it is nobody. The chain is
 * walked with every signature checked again, so that the serial numbers that are looked up are those of the issuers.
 */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { HoldfastError } from '../../model/errors.ts';
import { parseCertificateUri, type Caller } from '../../model/identity.ts';

/** Which certificates the cluster trusts; see control's `Trust`. */
export interface PeerTrust {
  /** @param chain serial numbers, lower-case hex; the certificate's own first. */
  admits(chain: readonly string[]): boolean;
  /** Calls back after any revocation. @returns a function that ends it. */
  onRevoked(listener: () => void): () => void;
}

interface Identified {
  readonly caller: Caller;
  readonly chain: readonly string[];
  readonly until: number;
}

const known = new WeakMap<TLSSocket, Identified | HoldfastError>();
const MAX_DEPTH = 32;

/** @throws permission_denied: no certificate, expired, foreign, of another cluster, revoked. */
export function callerOf(socket: TLSSocket, cluster: string, trust: PeerTrust, now: number): Caller {
  let found = known.get(socket);
  if (found === undefined) known.set(socket, found = identify(socket, cluster));
  if (found instanceof HoldfastError) throw found;
  if (now >= found.until) throw refuse(`the certificate of ${nameOf(found.caller)} has expired at ${new Date(found.until).toISOString()}`, RENEW);
  if (!trust.admits(found.chain)) throw refuse(`the certificate of ${nameOf(found.caller)} (${found.chain[0] ?? ''}) was revoked`, 'Ask an admin for a new one.');
  return found.caller;
}

/** Whether a connection that was let in must be cut now. */
export function isCutOff(socket: TLSSocket, trust: PeerTrust): boolean {
  const found = known.get(socket);
  return found !== undefined && !(found instanceof HoldfastError) && !trust.admits(found.chain);
}

const RENEW = 'Renew certificates before they end (holdfast cert rotate); now an admin must sign a new one: holdfast cert sign';
const refuse = (message: string, hint: string): HoldfastError => new HoldfastError('permission_denied', message, { object: 'certificate', hint });

function identify(socket: TLSSocket, cluster: string): Identified | HoldfastError {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return refuse('this takes a client certificate, and none was shown', 'Use --ca, --cert and --key, or HOLDFAST_CA_FILE, HOLDFAST_CERT_FILE and HOLDFAST_KEY_FILE.');
  if (!socket.authorized) {
    const fault = String(socket.authorizationError);
    if (fault === 'CERT_HAS_EXPIRED') return refuse(`the certificate has expired at ${certificate.validToDate.toISOString()}`, RENEW);
    if (fault === 'CERT_NOT_YET_VALID') return refuse(`the certificate is only valid from ${certificate.validFromDate.toISOString()} on`, 'Are the clocks right?');
    return refuse('the certificate was not signed by this cluster', 'Use one that this cluster has given: holdfast cert sign, or holdfast cert redeem');
  }
  const uris = (certificate.subjectAltName ?? '').split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
  const uri = uris.length === 1 ? parseCertificateUri(uris[0] ?? '') : null;
  if (uri === null) return refuse('the certificate names neither a client nor a node', 'Use one that this cluster has given for a client: holdfast cert sign');
  if (uri.cluster !== cluster) return refuse(`the certificate is of another cluster (${uri.cluster})`, `This is ${cluster}: check the endpoint and the files.`);
  const chain = serialsOf(certificate);
  if (chain === null) return refuse('the chain of the certificate does not hold together', 'Use the certificate file as it was given, with all certificates in it.');
  const serial = chain[0] ?? '';
  const caller: Caller = uri.kind === 'client' ? { kind: 'client', role: uri.role, name: uri.name, serial } : { kind: 'node', node: uri.node, name: uri.name, serial };
  return { caller, chain, until: certificate.validToDate.getTime() };
}

/** Serial numbers from the certificate to the root; null when a signature does not fit. */
function serialsOf(certificate: X509Certificate): string[] | null {
  const serials: string[] = [];
  let at: X509Certificate = certificate;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    serials.push(serialText(at.serialNumber));
    const issuer = at.issuerCertificate;
    if (issuer === undefined || issuer.fingerprint256 === at.fingerprint256) return at.verify(at.publicKey) ? serials : null;
    if (!issuer.ca || !at.verify(issuer.publicKey)) return null;
    at = issuer;
  }
  return null;
}

const serialText = (serial: string): string => (serial.length % 2 === 0 ? serial : `0${serial}`).toLowerCase();
const nameOf = (caller: Caller): string => (caller.kind === 'client' ? `client ${caller.name}` : caller.kind === 'node' ? `node ${caller.name}` : 'the caller');
