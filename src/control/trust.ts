/**
 * Which certificates are trusted, in memory, by following what the cluster gave out and took back. A certificate is
 * refused when it was revoked; one below a revoked issuer (of a control node that left) only counts when the cluster
 * itself recorded it, by its fingerprint, so that keys taken along open nothing. The root counts as the first node's issuer.
 */
import type { Certificate, ChainLink } from '../model/identity.ts';
import { createMirror } from './cluster/mirror.ts';
import { KEYS } from './keys.ts';
import type { Store } from './ports/store.ts';
import type { Clock, Log } from './ports/system.ts';

/** As it lies in the store. */
export interface StoredCertificate {
  readonly id: string;
  /** SHA-256 of its DER, lower-case hex. */
  readonly sha256: string;
  readonly certificate: Certificate;
}
/** The certificate of a control node's own authority. */
export interface StoredIssuer {
  readonly id: string;
  /** SHA-256 of its DER, lower-case hex. */
  readonly sha256: string;
  readonly node: string;
  readonly not_after: string;
}
export interface Revocation {
  readonly at: string;
  readonly by: string;
  /** When the certificate ends anyway, and this may be forgotten. */
  readonly not_after: string;
}

export interface Trust {
  /** Follows the store from now on. */
  begin(): Promise<void>;
  isRevoked(serial: string): boolean;
  /** @param chain the certificate itself first, its issuers after it, the root last. */
  admits(chain: readonly ChainLink[]): boolean;
  /** How many certificates of a subject were given out since a moment (ms, wall clock). */
  issuedSince(uri: string, sinceMs: number): number;
  /** Takes in a revocation before the store tells of it. */
  learn(serial: string, revocation: Revocation, revision: number): void;
  /** Calls back after any revocation. @returns a function that ends it. */
  onRevoked(listener: () => void): () => void;
}

export function createTrust(seams: { readonly store: Store; readonly clock: Clock; readonly log: Log }, signal: AbortSignal): Trust {
  const listeners = new Set<() => void>();
  const revoked = createMirror<Revocation>(seams, KEYS.revocations, signal, (_before, after) => {
    if (after !== null) for (const listener of listeners) listener();
  });
  const known = createMirror<StoredCertificate>(seams, KEYS.certificates, signal);
  const issuers = createMirror<StoredIssuer>(seams, KEYS.issuers, signal);
  const isRevoked = (serial: string): boolean => revoked.entries.has(KEYS.revoked(serial));
  const isKnown = ({ serial, sha256 }: ChainLink): boolean => (known.entries.get(KEYS.certificate(serial)) ?? issuers.entries.get(KEYS.issuer(serial)))?.value.sha256 === sha256;
  return {
    async begin() {
      await Promise.all([revoked.begin(), known.begin(), issuers.begin()]);
    },
    isRevoked,
    admits([own, ...above]) {
      if (own === undefined || isRevoked(own.serial)) return false;
      return above.every((issuer, at) => !isRevoked(issuer.serial) || isKnown(at === 0 ? own : above[at - 1] ?? own));
    },
    issuedSince(uri, sinceMs) {
      let count = 0;
      for (const { value: { certificate } } of known.entries.values()) if (certificate.uri === uri && Date.parse(certificate.issued_at) >= sinceMs) count += 1;
      return count;
    },
    learn: (serial, revocation, revision) => revoked.learn({ key: KEYS.revoked(serial), value: revocation, revision }),
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
