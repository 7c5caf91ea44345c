/** Certificates: signed, renewed, listed, revoked. Keys are never seen here, only requests. */
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { formatCertificateUri, hostsOf, ROLES, type Certificate, type CertificateUri } from '../model/identity.ts';
import { checkName } from '../model/name.ts';
import type { Node } from '../model/node.ts';
import type { IdentityControl } from './cluster-control.ts';
import { isoNow } from './context.ts';
import { needAuthority, needCluster, needTokens, type IdentityContext } from './identity-context.ts';
import { KEYS } from './keys.ts';
import type { Signed } from './ports/authority.ts';
import type { Compare, Write } from './ports/store.ts';
import { page } from './repository.ts';
import type { Revocation, StoredCertificate, StoredIssuer } from './trust.ts';

const DAY_MS = 24 * 3_600_000;
export const CLIENT_TTL_MS = { default: 90 * DAY_MS, min: 600_000, max: 365 * DAY_MS } as const;
export const NODE_TTL_MS = 365 * DAY_MS;
/** New certificates that one client or node gets in an hour by renewing: beyond that it fills the store, whatever its role. */
export const MAX_RENEWALS_AN_HOUR = 20;
const HOUR_MS = 3_600_000;
const MAX_ROUNDS = 20;
/** Records of certificates that have ended are kept so long. */
const KEEP_ENDED_MS = 30 * DAY_MS;

export interface CertificateUseCases extends Pick<IdentityControl, 'signClient' | 'renewCertificate' | 'listCertificates' | 'revokeCertificate' | 'isRevoked'> {
  /**
   * Revokes all that a node has: its certificates, and the authority of its own. Again: nothing to do.
   * @param compare what must hold at each write. @returns false when it did not, and not all was revoked.
   */
  revokeNode(nodeId: string, by: string, compare?: readonly Compare[]): Promise<boolean>;
}

/** What is recorded of a certificate, and the write that does. */
export function recorded(ctx: IdentityContext, signed: Signed, uri: CertificateUri, by: string): { readonly certificate: Certificate; readonly write: Write } {
  const certificate: Certificate = {
    serial: signed.serial, uri: formatCertificateUri(uri), kind: uri.kind, role: uri.kind === 'node' ? 'node' : uri.role, name: uri.name,
    not_before: signed.not_before, not_after: signed.not_after, issued_at: isoNow(ctx.clock), issued_by: by, revoked_at: null,
  };
  return { certificate, write: putCertificate(certificate, signed.sha256) };
}

export const putCertificate = (certificate: Certificate, sha256: string): Write => ({ op: 'put', key: KEYS.certificate(certificate.serial), value: { id: certificate.serial, sha256, certificate } satisfies StoredCertificate });

export function createCertificateUseCases(ctx: IdentityContext): CertificateUseCases {
  const revokeAll = async (stored: readonly StoredCertificate[], issuers: readonly StoredIssuer[], by: string, compare: readonly Compare[] = []): Promise<boolean> => {
    const doomed = [...stored.map(({ certificate: { serial, not_after } }) => ({ serial, not_after })), ...issuers.map(({ id, not_after }) => ({ serial: id, not_after }))];
    const at = isoNow(ctx.clock);
    const revocation = ({ not_after }: { readonly not_after: string }): Revocation => ({ at, by, not_after });
    const writes: Write[] = [
      ...doomed.map((one): Write => ({ op: 'put', key: KEYS.revoked(one.serial), value: revocation(one) })),
      ...stored.map(({ certificate: one, sha256 }) => putCertificate({ ...one, revoked_at: at }, sha256)),
    ];
    for (let from = 0; from < writes.length; from += 100) {
      const done = await ctx.store.txn(compare, writes.slice(from, from + 100));
      if (!done.committed) return false;
      for (const one of doomed) ctx.trust.learn(one.serial, revocation(one), done.revision);
    }
    return true;
  };

  /** Recorded only while the certificate that it was asked under is good: a revocation that came in between counts. */
  const renewed = async (under: string, signed: Signed, uri: CertificateUri, by: string): Promise<void> => {
    const { committed } = await ctx.store.txn([{ key: KEYS.revoked(under), revision: 0 }], [recorded(ctx, signed, uri, by).write]);
    if (!committed) throw wasRevoked(under);
  };
  const refuseCrowd = (uri: CertificateUri): void => {
    const text = formatCertificateUri(uri);
    if (ctx.trust.issuedSince(text, ctx.clock.now() - HOUR_MS) < MAX_RENEWALS_AN_HOUR) return;
    throw new HoldfastError('unavailable', `${uri.kind} ${uri.name} has got ${MAX_RENEWALS_AN_HOUR} certificates within an hour, which is the limit`, { object: `${uri.kind} ${uri.name}`, hint: 'Use the newest one. If it was not you who asked for them, revoke them all: holdfast cert list' });
  };

  return {
    async signClient({ role, name, csr, ttl_ms: ttl = CLIENT_TTL_MS.default }, options = {}) {
      const authority = await needAuthority(ctx);
      if (!ROLES.includes(role)) throw new HoldfastError('invalid_argument', `role: "${clip(String(role))}" is not a role`, { object: 'certificate', field: 'role', hint: `One of: ${ROLES.join(', ')}.` });
      checkName('client', name);
      if (!Number.isSafeInteger(ttl) || ttl < CLIENT_TTL_MS.min || ttl > CLIENT_TTL_MS.max) throw new HoldfastError('invalid_argument', `ttl_ms: ${ttl} is not from ${CLIENT_TTL_MS.min} (10 minutes) to ${CLIENT_TTL_MS.max} (1 year)`, { object: `client ${name}`, field: 'ttl_ms', hint: 'Default: 90 days.' });
      const uri: CertificateUri = { cluster: (await needCluster(ctx)).id, kind: 'client', role, name };
      const signed = await authority.sign(csr, uri, { hosts: [], ttl_ms: ttl });
      const { certificate, write } = recorded(ctx, signed, uri, options.actor ?? 'root');
      await ctx.store.txn([], [write]);
      return { certificate: signed.chain, ca: authority.ca, record: certificate };
    },

    async renewCertificate({ csr, store_csr }, caller) {
      const authority = await needAuthority(ctx);
      if (caller.kind !== 'client' && caller.kind !== 'node') throw new HoldfastError('failed_precondition', 'whoever renews a certificate must show the one that it has', { object: 'certificate', hint: 'Over the unix socket there is none: use the https endpoint with --ca, --cert and --key, or let an admin sign: holdfast cert sign' });
      if ((await ctx.store.get(KEYS.revoked(caller.serial))) !== null) throw wasRevoked(caller.serial);
      const cluster = (await needCluster(ctx)).id;
      if (caller.kind === 'client') {
        if (store_csr !== undefined) throw new HoldfastError('permission_denied', 'clients get no certificate for the control store', { object: `client ${caller.name}`, field: 'store_csr' });
        const before = (await ctx.store.get<StoredCertificate>(KEYS.certificate(caller.serial)))?.value.certificate;
        const lived = before === undefined ? CLIENT_TTL_MS.default : Date.parse(before.not_after) - Date.parse(before.issued_at);
        const uri: CertificateUri = { cluster, kind: 'client', role: caller.role, name: caller.name };
        refuseCrowd(uri);
        const signed = await authority.sign(csr, uri, { hosts: [], ttl_ms: Math.max(CLIENT_TTL_MS.min, Math.min(lived, CLIENT_TTL_MS.max)) });
        await renewed(caller.serial, signed, uri, caller.name);
        return { certificate: signed.chain, ca: authority.ca, store_certificate: null, store_ca: null };
      }
      const node = (await ctx.store.get<Node>(KEYS.node(caller.node)))?.value;
      if (node === undefined) throw new HoldfastError('permission_denied', `node ${caller.name} is not in the cluster any more`, { object: `node ${caller.name}`, hint: 'Join it anew.' });
      const hosts = hostsOf(node.name, node.spec.address);
      const uri: CertificateUri = { cluster, kind: 'node', node: node.id, name: node.name };
      refuseCrowd(uri);
      const signed = await authority.sign(csr, uri, { hosts, ttl_ms: NODE_TTL_MS });
      const store = store_csr === undefined ? null : await authority.signStore(store_csr, node.name, { hosts, ttl_ms: NODE_TTL_MS });
      await renewed(caller.serial, signed, uri, `node ${node.name}`);
      return { certificate: signed.chain, ca: authority.ca, store_certificate: store?.chain ?? null, store_ca: store === null ? null : authority.storeCa };
    },

    async listCertificates(query = {}) {
      needTokens(ctx);
      const { items, next } = await page<StoredCertificate>(ctx.store, KEYS.certificates, query, ({ certificate }) => query.name === undefined || certificate.name === query.name);
      return { items: items.map(({ certificate }) => certificate), next };
    },

    async revokeCertificate(serial, options = {}) {
      needTokens(ctx);
      const entry = /^[0-9a-f]{1,40}$/.test(serial) ? await ctx.store.get<StoredCertificate>(KEYS.certificate(serial)) : null;
      if (entry === null) throw new HoldfastError('not_found', `there is no certificate "${clip(serial)}"`, { object: `certificate ${clip(serial)}`, hint: 'List them: holdfast cert list' });
      const { certificate } = entry.value;
      if (certificate.revoked_at !== null) return certificate;
      await revokeAll([entry.value], [], options.actor ?? 'root');
      return { ...certificate, revoked_at: isoNow(ctx.clock) };
    },

    isRevoked: (serial) => ctx.trust.isRevoked(serial),

    async revokeNode(nodeId, by, compare = []) {
      // Again until nothing is left: it may be renewing at this moment, and what it got after the look counts, too.
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const [{ entries: certificates }, { entries: issuers }] = await Promise.all([ctx.store.list<StoredCertificate>(KEYS.certificates), ctx.store.list<StoredIssuer>(KEYS.issuers)]);
        const doomed = certificates.map(({ value }) => value).filter(({ certificate: { uri, revoked_at } }) => revoked_at === null && uri.includes(`/node/${nodeId}/`));
        const authorities = issuers.map(({ value }) => value).filter(({ id, node }) => node === nodeId && !ctx.trust.isRevoked(id));
        if (doomed.length === 0 && authorities.length === 0) return true;
        if (!(await revokeAll(doomed, authorities, by, compare))) return false;
      }
      throw new HoldfastError('unavailable', `node ${nodeId} gets new certificates faster than they are revoked`, { object: `node ${nodeId}`, hint: 'Stop its daemon, then try again.' });
    },
  };
}

const wasRevoked = (serial: string): HoldfastError => new HoldfastError('permission_denied', `certificate ${serial} was revoked`, { object: `certificate ${serial}`, hint: 'Ask an admin for a new one.' });

/** Forgets certificates that have ended a month ago, with their revocations. */
export async function pruneCertificates(ctx: IdentityContext): Promise<void> {
  const before = ctx.clock.now() - KEEP_ENDED_MS;
  const [certificates, revocations] = await Promise.all([ctx.store.list<StoredCertificate>(KEYS.certificates), ctx.store.list<Revocation>(KEYS.revocations)]);
  const old = [
    ...certificates.entries.filter(({ value }) => Date.parse(value.certificate.not_after) < before).map(({ key }) => key),
    ...revocations.entries.filter(({ value }) => Date.parse(value.not_after) < before).map(({ key }) => key),
  ];
  for (let at = 0; at < old.length; at += 100) await ctx.store.txn([], old.slice(at, at + 100).map((key) => ({ op: 'delete', key })));
}
