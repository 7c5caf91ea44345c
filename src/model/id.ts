/**
 * Ids: a prefix that tells the kind, and a ULID (48 bits of time, 80 of randomness, Crockford base 32).
 * Time and randomness come from the caller, so that a simulation can repeat a run exactly.
 */

export const ID_PREFIXES = { volume: 'vol', pool: 'pool', snapshot: 'snap', node: 'node', replica: 'rep', operation: 'op', cluster: 'clu', event: 'evt', token: 'tok', audit: 'aud' } as const;
export type IdKind = keyof typeof ID_PREFIXES;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** @param random fills and returns a buffer of the given length. */
export function newId(kind: IdKind, nowMs: number, random: (length: number) => Uint8Array): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) time = `${ALPHABET[rest % 32]}${time}`;
  const noise = Array.from(random(16), (byte) => ALPHABET[byte & 31]).join('');
  return `${ID_PREFIXES[kind]}_${time}${noise}`;
}

/** Whether the text is an id of this kind (names can never be: they hold no capital letters). */
export function isId(kind: IdKind, text: string): boolean {
  return new RegExp(`^${ID_PREFIXES[kind]}_[0-7][0-9A-HJKMNP-TV-Z]{25}$`).test(text);
}
