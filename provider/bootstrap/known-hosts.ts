/**
 * known_hosts as OpenSSH reads it: plain, hashed and wildcard names, negations, `[host]:port`, and the markers @revoked
 * and @cert-authority. Pure: judges texts, reads no file.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { keyType } from './host-key.ts';

export interface KnownHost {
  readonly marker: '' | '@revoked' | '@cert-authority';
  /** As it is written: patterns separated by commas, or one hashed name. */
  readonly names: string;
  readonly type: string;
  readonly blob: Buffer;
  /** `file:line`. */
  readonly where: string;
}

/** Lines that are no entries (comments, what is damaged, keys of unknown form) are left out, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) return [];
    const marker = words[0].startsWith('@') ? words.shift() : '';
    if (marker !== '' && marker !== '@revoked' && marker !== '@cert-authority') return [];
    const [names, type, encoded] = words;
    if (names === undefined || type === undefined || encoded === undefined) return [];
    const blob = Buffer.from(encoded, 'base64');
    return keyType(blob) === type ? [{ marker, names, type, blob, where: `${file}:${index + 1}` }] : [];
  });
}

/** What a host is called in known_hosts: its name in lower case, with `[…]:port` unless the port is 22. */
export const hostName = (host: string, port: number): string => (port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`);

/** Whether an entry is about a host, named as `hostName` does. */
export function isAbout({ names }: Pick<KnownHost, 'names'>, name: string): boolean {
  if (names.startsWith('|')) return matchesHash(names, name);
  let found = false;
  for (const pattern of names.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matches(pattern.slice(1), name)) return false;
    } else if (matches(pattern, name)) found = true;
  }
  return found;
}

function matchesHash(hashed: string, name: string): boolean {
  const [, magic, salt, hash] = hashed.split('|');
  if (magic !== '1' || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

// `*` and `?` as ssh has them; everything else, brackets included, stands for itself.
function matches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const expression = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 's').test(name);
}

export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  /** `recorded`: keys that are recorded for it, none of which is the one that was shown. */
  | { readonly kind: 'changed'; readonly recorded: readonly KnownHost[] }
  | { readonly kind: 'revoked'; readonly entry: KnownHost }
  /** Its keys are vouched for by an authority: host certificates are needed to tell. */
  | { readonly kind: 'by-authority'; readonly entry: KnownHost };

/** What the entries say about the key that a host showed. Revocation wins over everything. */
export function judge(entries: readonly KnownHost[], name: string, blob: Buffer): Verdict {
  const about = entries.filter((entry) => isAbout(entry, name));
  const revoked = about.find((entry) => entry.marker === '@revoked' && entry.blob.equals(blob));
  if (revoked !== undefined) return { kind: 'revoked', entry: revoked };
  const plain = about.filter(({ marker }) => marker === '');
  if (plain.some((entry) => entry.blob.equals(blob))) return { kind: 'known' };
  if (plain.length > 0) return { kind: 'changed', recorded: plain };
  const authority = about.find(({ marker }) => marker === '@cert-authority');
  return authority === undefined ? { kind: 'unknown' } : { kind: 'by-authority', entry: authority };
}

/** Types of the keys that are recorded for a host: a server is asked for one of them first. */
export const recordedTypes = (entries: readonly KnownHost[], name: string): string[] =>
  [...new Set(entries.filter((entry) => entry.marker === '' && isAbout(entry, name)).map(({ type }) => type))];
