/**
 * Join tokens as text: `hft1.<id>.<secret>.<sha256 of the root>`. Whoever holds the text may use it once; the cluster
 * keeps only a hash of the secret; the last part lets the joiner know the cluster before it trusts anything.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { HoldfastError } from '../model/errors.ts';
import { certificatesOf, fingerprint, sha256 } from './x509.ts';
import type { TokenCodec } from '../control/ports/tokens.ts';

export interface TokenText {
  /** `tok_…`, as it is listed. */
  readonly id: string;
  /** 32 random bytes, base64url. */
  readonly secret: string;
  /** SHA-256 of the root's DER, lower-case hex. */
  readonly caSha256: string;
}

const TOKEN = /^hft1\.([0-7][0-9A-HJKMNP-TV-Z]{25})\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/;

export const formatToken = ({ id, secret, caSha256 }: TokenText): string => `hft1.${id.replace(/^tok_/, '')}.${secret}.${caSha256}`;

/** White space around it is ignored. @throws invalid_argument that repeats nothing of the text. */
export function parseToken(text: string): TokenText {
  const parts = text.length > 1024 ? null : TOKEN.exec(text.trim());
  if (parts?.[1] === undefined || parts[2] === undefined || parts[3] === undefined) {
    throw new HoldfastError('invalid_argument', `token: this is not a join token (it has ${text.trim().length} characters)`, { object: 'join token', field: 'token', hint: 'A token looks like hft1.<id>.<secret>.<fingerprint>, on one line. Make one with: holdfast cluster token create' });
  }
  return { id: `tok_${parts[1]}`, secret: parts[2], caSha256: parts[3] };
}

/** What of a secret is kept. */
export const hashSecret = (secret: string): string => sha256(`holdfast join token ${secret}`);

/** Whether a chain (PEM, root last) is that of the cluster which made the token. */
export function pinFits(chain: string, token: TokenText): boolean {
  const root = certificatesOf(chain).at(-1);
  return root !== undefined && timingSafeEqual(Buffer.from(fingerprint(root), 'hex'), Buffer.from(token.caSha256, 'hex'));
}

/** For control, which knows no cryptography. @param caSha256 of this cluster's root. */
export function createTokenCodec(caSha256: string): TokenCodec {
  return {
    mint(id) {
      const secret = randomBytes(32).toString('base64url');
      return { token: formatToken({ id, secret, caSha256 }), secret_sha256: hashSecret(secret) };
    },
    read(text) {
      const token = parseToken(text);
      return { id: token.id, secret_sha256: hashSecret(token.secret), of_this_cluster: token.caSha256 === caSha256 };
    },
  };
}
