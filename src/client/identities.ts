/** `client.tokens`, `client.certificates` and `client.audit`: who may do what, and who did. */
import type { AuditEntry, Certificate, JoinToken } from '../model/identity.ts';
import type { Call } from './call.ts';
import { listing, type Listing } from './paging.ts';
import type { CreatedToken, CreateToken, ReadOptions, RenewCertificate, RenewedCertificate, SignCertificate, SignedCertificate } from './types.ts';

export interface Tokens {
  /** The token is in the answer, this once: a secret. */
  create(request: CreateToken, options?: ReadOptions): Promise<CreatedToken>;
  /** Oldest first. */
  list(options?: ReadOptions): Listing<JoinToken>;
  /** Withdraws it. @throws not_found. */
  remove(id: string, options?: ReadOptions): Promise<void>;
}

export interface Certificates {
  /** Signs a client's request. */
  sign(request: SignCertificate, options?: ReadOptions): Promise<SignedCertificate>;
  /** New certificates under the name of the one that the connection shows. */
  renew(request: RenewCertificate, options?: ReadOptions): Promise<RenewedCertificate>;
  /** Oldest first. */
  list(filter?: { readonly name?: string | undefined }, options?: ReadOptions): Listing<Certificate>;
  /** Refused at once from then on; again: nothing to do. @throws not_found. */
  revoke(serial: string, options?: ReadOptions): Promise<Certificate>;
}

export interface Audit {
  /** Newest first. @param filter.actor `alice`, or `root on n1`. */
  list(filter?: { readonly object?: string | undefined; readonly actor?: string | undefined }, options?: ReadOptions): Listing<AuditEntry>;
}

export function createTokens(call: Call): Tokens {
  return {
    create: async (request, { signal } = {}) => (await call('post', '/v1/tokens', { body: request, signal })).body as CreatedToken,
    list: ({ signal } = {}) => listing(async (page) => (await call('get', '/v1/tokens', { query: page, signal })).body as { items: JoinToken[]; next: string | null }),
    async remove(id, { signal } = {}) {
      await call('delete', '/v1/tokens/{token}', { path: { token: id }, signal });
    },
  };
}

export function createCertificates(call: Call): Certificates {
  return {
    sign: async (request, { signal } = {}) => (await call('post', '/v1/certificates', { body: request, signal })).body,
    renew: async (request, { signal } = {}) => (await call('post', '/v1/certificates/renew', { body: request, signal })).body,
    list: (filter = {}, { signal } = {}) => listing(async (page) => (await call('get', '/v1/certificates', { query: { ...filter, ...page }, signal })).body),
    revoke: async (serial, { signal } = {}) => (await call('post', '/v1/certificates/{serial}/revoke', { path: { serial }, signal })).body,
  };
}

export function createAudit(call: Call): Audit {
  return {
    list: (filter = {}, { signal } = {}) => listing(async (page) => (await call('get', '/v1/audit', { query: { ...filter, ...page }, signal })).body),
  };
}
