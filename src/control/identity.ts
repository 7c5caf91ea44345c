/** Identities put together: join tokens, joining, certificates, and who of them is trusted. Decisions only; cryptography is behind the port. */
import { HoldfastError } from '../model/errors.ts';
import { readAudit } from './audit.ts';
import { createCertificateUseCases, pruneCertificates, putCertificate, type CertificateUseCases } from './certificates.ts';
import type { IdentityControl } from './cluster-control.ts';
import type { IdentityContext, IdentitySeams, IdentitySettings } from './identity-context.ts';
import { createJoinUseCases } from './join.ts';
import { KEYS } from './keys.ts';
import { createTokenUseCases, pruneTokens } from './tokens.ts';
import { createTrust, type StoredIssuer, type Trust } from './trust.ts';

export type { IdentitySeams, IdentitySettings } from './identity-context.ts';

export interface Identity extends IdentityControl, Pick<CertificateUseCases, 'revokeNode'> {
  /** Follows revocations from now on, and records this node's own certificate if need be. Call it before anything is served. */
  begin(): Promise<void>;
  stop(): void;
  readonly trust: Pick<Trust, 'admits' | 'onRevoked'>;
  /** For the leader, about once an hour: forgets tokens and certificates that have long ended. */
  prune(): Promise<void>;
}

export function createIdentity(seams: IdentitySeams, settings: IdentitySettings): Identity {
  const stopped = new AbortController();
  const trust = createTrust(seams, stopped.signal);
  const ctx: IdentityContext = { ...seams, settings, trust };
  return {
    ...createTokenUseCases(ctx),
    ...createJoinUseCases(ctx),
    ...createCertificateUseCases(ctx),
    listAudit: readAudit(seams.store),
    trust,
    async begin() {
      const { own } = settings;
      if (own !== undefined) {
        const { sha256, ...certificate } = own;
        await seams.store.txn([{ key: KEYS.certificate(own.serial), revision: 0 }], [putCertificate(certificate, sha256)]);
      }
      // The first node's is the root: when that node leaves, what it signs from then on counts for nothing.
      if (seams.authority !== null) {
        const { serial, sha256, not_after } = seams.authority.issuer;
        await seams.store.txn([{ key: KEYS.issuer(serial), revision: 0 }], [{ op: 'put', key: KEYS.issuer(serial), value: { id: serial, sha256, node: settings.node.id, not_after } satisfies StoredIssuer }]);
      }
      await trust.begin();
    },
    stop: () => stopped.abort(new HoldfastError('unavailable', 'holdfastd is ending')),
    async prune() {
      await pruneTokens(ctx);
      await pruneCertificates(ctx);
    },
  };
}
