/** Public host keys: their forms, types and fingerprints. Trusts nothing by itself. */
import { createHash } from 'node:crypto';

/** A host key as it was given: the whole key, or only its fingerprint. */
export type GivenKey = { readonly form: 'key'; readonly type: string; readonly blob: Buffer } | { readonly form: 'fingerprint'; readonly fingerprint: string };

/**
 * Reads `ssh-ed25519 AAAA… comment`, a line of `ssh-keyscan` (`host ssh-ed25519 AAAA…`) or `SHA256:…`.
 * @throws RangeError saying which forms there are.
 */
export function parseHostKey(text: string): GivenKey {
  const words = text.trim().split(/\s+/);
  const first = words[0] ?? '';
  if (words.length === 1 && /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(first)) return { form: 'fingerprint', fingerprint: first.replace(/=$/, '') };
  for (const at of [0, 1]) {
    const type = words[at];
    const blob = Buffer.from(words[at + 1] ?? '', 'base64');
    if (type !== undefined && blob.length > 0 && keyType(blob) === type) return { form: 'key', type, blob };
  }
  throw new RangeError('A host key is the text of the machine\'s /etc/ssh/ssh_host_ed25519_key.pub ("ssh-ed25519 AAAA…") or a fingerprint ("SHA256:…").');
}

/** `SHA256:…` as ssh shows it. */
export const fingerprint = (blob: Buffer): string => `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/** The type that stands in a key's first field; "" when it is no key. */
export function keyType(blob: Buffer): string {
  if (blob.length < 4) return '';
  const length = blob.readUInt32BE(0);
  return length > 0 && length <= 64 && blob.length >= 4 + length ? blob.toString('latin1', 4, 4 + length) : '';
}

/** Types of host keys that can be checked, best first. */
export const KEY_TYPES: readonly string[] = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

/** The types of keys to ask a server for: those that are known first, since one of the others is refused in any case. */
export const preferring = (known: readonly string[]): readonly string[] => [...KEY_TYPES.filter((type) => known.includes(type)), ...KEY_TYPES.filter((type) => !known.includes(type))];

/** The signature algorithms to offer so that a server answers with a key of this type. */
export const algorithmsOf = (type: string): readonly string[] => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]);
