/**
 * Who this node is, from the certificates that lie in its PKI directory; null on a single machine. They are read anew
 * when they were replaced: new connections use the new ones.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import { parseCertificateUri, type Certificate, type ChainLink } from '../model/identity.ts';
import { pkiPath } from '../security/pki.ts';
import { fingerprint, serialText } from '../security/x509.ts';

export interface NodeIdentity {
  readonly cluster_id: string;
  readonly node_id: string;
  readonly node_name: string;
  readonly ca_sha256: string;
  /** For the cluster's list of certificates. */
  readonly certificate: Certificate & ChainLink;
  /** It signs certificates. */
  readonly signs: boolean;
}

/** @throws failed_precondition when there are certificates that cannot be used. */
export function readIdentity(pki: string): NodeIdentity | null {
  if (!existsSync(pkiPath(pki, 'node'))) return null;
  const object = `certificate ${pkiPath(pki, 'node')}`;
  try {
    const text = readFileSync(pkiPath(pki, 'node'), 'utf8');
    const certificate = new X509Certificate(text);
    const uris = (certificate.subjectAltName ?? '').split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
    const uri = parseCertificateUri(uris[0] ?? '');
    if (uri?.kind !== 'node') throw new Error('it names no node');
    const [not_before, not_after] = [new Date(certificate.validFrom).toISOString(), new Date(certificate.validTo).toISOString()];
    return {
      cluster_id: uri.cluster, node_id: uri.node, node_name: uri.name, ca_sha256: fingerprint(readFileSync(pkiPath(pki, 'ca'), 'utf8')),
      certificate: { serial: serialText(certificate.serialNumber), sha256: fingerprint(text), uri: uris[0] ?? '', kind: 'node', role: 'node', name: uri.name, not_before, not_after, issued_at: new Date(statSync(pkiPath(pki, 'node')).mtimeMs).toISOString(), issued_by: 'cluster init', revoked_at: null },
      signs: existsSync(pkiPath(pki, 'issuerKey')),
    };
  } catch (cause) {
    throw new HoldfastError('failed_precondition', `the certificate of this node cannot be used: ${(cause as Error).message}`, { object, hint: `Put the former files of ${path.dirname(pkiPath(pki, 'node'))} back, or join the node anew.` }, { cause });
  }
}

export interface PemFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Reads the three files, and again when one of them was replaced. @throws failed_precondition naming the file that is missing. */
export function pemSource(files: PemFiles): () => PemFiles {
  let seen = '';
  let held: PemFiles | null = null;
  return () => {
    try {
      const marks = Object.values(files).map((file: string) => { const { ino, mtimeMs } = statSync(file); return `${ino}:${mtimeMs}`; }).join(' ');
      if (held === null || marks !== seen) {
        const fresh = { ca: readFileSync(files.ca, 'utf8'), cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
        // Between the key and the certificate of a replacement the old pair goes on.
        if (held === null || new X509Certificate(fresh.cert).checkPrivateKey(createPrivateKey(fresh.key))) [held, seen] = [fresh, marks];
      }
      return held;
    } catch (cause) {
      if (held !== null) return held;
      throw new HoldfastError('failed_precondition', `a certificate or key cannot be read: ${(cause as Error).message}`, { object: 'certificates', hint: 'holdfast node converge makes them; for an etcd of your own, check ca, cert and key of "store" in holdfastd.json.' }, { cause });
    }
  };
}

export const ownFiles = (pki: string): PemFiles => ({ ca: pkiPath(pki, 'ca'), cert: pkiPath(pki, 'node'), key: pkiPath(pki, 'nodeKey') });
