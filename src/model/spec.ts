/**
 * The in-line spec: `size=10G,repl=1,fs=xfs,name=db`, as people write it where a volume's name stands. Reads and writes
 * the text; the keys are in `spec-grammar.ts`, the comparison with a volume that exists in `spec-match.ts`.
 * Strict: what it does not understand in full it refuses, naming the key. Throws HoldfastError only.
 */
import { clip, formatSize } from './bytes.ts';
import { HoldfastError } from './errors.ts';
import { checkName } from './name.ts';
import { findKey, findRefusal, nearestKey, printable, SECRET_KEYS, SPEC_KEYS, VALID_KEYS, type VolumeRequest } from './spec-grammar.ts';
import { MAX_VOLUME_BYTES, MIN_VOLUME_BYTES, MIN_XFS_BYTES } from './volume.ts';

export type { VolumeRequest } from './spec-grammar.ts';

/** Longest spec, and longest value of an option, in characters. */
export const MAX_SPEC_LENGTH = 4096;
const FORM = 'Write key=value pairs with "," between them and no spaces: size=10G,fs=xfs,name=db';

/** Whether a text that stands for a volume is a spec: names cannot hold "=". */
export const isSpec = (text: string): boolean => text.includes('=');

/**
 * Reads a spec. `,` or `;` separate; a name is required, everything else may be left out.
 * @throws invalid_argument for an unknown, repeated, empty or malformed key, a missing name, a secret; unsupported for
 *   a key or value that is known and not to be had. Each names the key and what to write.
 */
export function parseSpec(text: string): VolumeRequest {
  if (text.length > MAX_SPEC_LENGTH) throw fault(`the spec has ${text.length} characters, ${MAX_SPEC_LENGTH} are allowed`, FORM);
  const request = readPairs(text.split(/[,;]/), splitPair);
  if (request.name === undefined) throw fault('the spec has no name', `Add one: ${text.trim() === '' ? '' : `${printable(text)},`}name=NAME`, 'name');
  return checkShape({ ...request, name: request.name });
}

/**
 * A request of a name and options, as `docker volume create -o key=value NAME` and `driver_opts` give them. The name
 * may itself be a spec; a key in both must say the same. In `labels` a comma separates as "+" does.
 * @throws as parseSpec does.
 */
export function specFromOptions(name: string, options: Readonly<Record<string, string>>): VolumeRequest {
  const written = isSpec(name) ? parseSpec(name) : { name: checkName('volume', name) };
  const pairs = Object.entries(options).map(([key, value]): Pair => ({ key, value: findKey(key)?.key === 'labels' ? value.replace(/[,;]/g, '+') : value }));
  const request = readPairs(pairs, (pair) => pair);
  for (const row of SPEC_KEYS) {
    const [inName, inOptions] = [row.write(written), row.write(request)];
    if (inName === undefined || inOptions === undefined || inName === inOptions) continue;
    throw new HoldfastError('invalid_argument', `${row.key}: the name says ${printable(inName)} and the options say ${printable(inOptions)}`, { object: `volume ${written.name}`, field: row.key, hint: `Say it once, or say the same twice.` });
  }
  return checkShape({ ...written, ...request, name: written.name });
}

/**
 * The shortest spec that `parseSpec` reads back to the same request; keys in the order of the table, the name last.
 * @throws invalid_argument for a label value that begins or ends with a space, which a spec cannot carry.
 */
export function formatSpec(request: VolumeRequest): string {
  const odd = Object.entries(request.labels ?? {}).find(([, value]) => value !== value.trim());
  if (odd !== undefined) throw fault(`labels: the value of "${odd[0]}" begins or ends with a space, which a spec cannot carry`, 'Trim it.', 'labels');
  return SPEC_KEYS.flatMap((row) => {
    const value = row.write(request);
    return value === undefined ? [] : [`${row.key}=${value}`];
  }).join(',');
}

/**
 * Checks what depends on several keys: limits of size, and XFS's own.
 * @throws invalid_argument naming size or fs.
 */
export function checkShape(request: VolumeRequest): VolumeRequest {
  const { size_bytes: size, filesystem, name } = request;
  const object = `volume ${name}`;
  if (size === undefined) return request;
  const tooSmall = size < MIN_VOLUME_BYTES;
  if (tooSmall || size > MAX_VOLUME_BYTES) {
    throw new HoldfastError('invalid_argument', `size: ${formatSize(size)} is ${tooSmall ? 'less than the smallest' : 'more than the largest'} volume`, { object, field: 'size', hint: `Use ${formatSize(MIN_VOLUME_BYTES)} to ${formatSize(MAX_VOLUME_BYTES)}.` });
  }
  if (filesystem === 'xfs' && size < MIN_XFS_BYTES) {
    throw new HoldfastError('invalid_argument', `fs: XFS cannot be made on ${formatSize(size)}, it needs ${formatSize(MIN_XFS_BYTES)}`, { object, field: 'fs', hint: `Use fs=ext4 (the default below ${formatSize(MIN_XFS_BYTES)}), or size=${formatSize(MIN_XFS_BYTES)}.` });
  }
  return request;
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

function splitPair(part: string): Pair {
  if (part.trim() === '') throw fault('the spec has an empty part: a separator too many', FORM);
  const at = part.indexOf('=');
  if (at === -1) {
    const secret = SECRET_KEYS.find((key) => part.toLowerCase().includes(key));
    throw fault(secret === undefined ? `"${printable(part)}" has no "="` : `a part that holds "${secret}" has no "="`, FORM);
  }
  return { key: part.slice(0, at), value: part.slice(at + 1) };
}

/** One part after the other, so that a secret is refused before anything behind it could be shown in an error. */
function readPairs<Part>(parts: readonly Part[], pairOf: (part: Part) => Pair): Partial<VolumeRequest> {
  const seen = new Map<string, string>();
  let request: Partial<VolumeRequest> = {};
  for (const part of parts) {
    const { key, value } = pairOf(part);
    const bare = key.trim();
    if (SECRET_KEYS.includes(bare.toLowerCase())) {
      throw fault(`${printable(key)}: a spec may not hold a secret, because names are listed and logged`, `Leave ${printable(bare)} out, and change the secret: it may have been recorded already.`, bare);
    }
    if (key !== bare || value !== value.trim()) {
      throw fault(`"${printable(key)}=${printable(value)}" has spaces around it or around its "="`, FORM, bare);
    }
    if (key === '') throw fault(`"=${printable(value)}" has no key`, FORM);
    const row = findKey(key);
    const refusal = row === undefined ? findRefusal(key) : undefined;
    const canonical = row?.key ?? refusal?.key;
    if (canonical === undefined) throw unknownKey(key);
    if (value === '') throw fault(`${key} has no value`, row === undefined ? 'Leave it out.' : `For example ${key}=${row.example}`, key);
    if (value.length > MAX_SPEC_LENGTH) throw fault(`${key}: the value has ${value.length} characters, ${MAX_SPEC_LENGTH} are allowed`, FORM, key);
    const foreign = /[^\x20-\x7e]/u.exec(value)?.[0];
    if (foreign !== undefined && canonical !== 'name') {
      throw fault(`${key}: "${printable(value)}" holds the character U+${(foreign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`, `Use plain ASCII${row === undefined ? '' : `, for example ${key}=${row.example}`}.`, key);
    }
    const identity = row === undefined ? key : canonical;
    const before = seen.get(identity);
    if (before !== undefined) throw fault(before === key ? `${key} is given twice` : `${key} is given twice: ${before} means the same`, `Keep one of them.`, key);
    seen.set(identity, key);
    if (row !== undefined) request = { ...request, ...row.read(value, key) };
    else if (refusal !== undefined && !refusal.neutral.includes(value)) {
      throw new HoldfastError('unsupported', `${key}=${printable(value)}: ${refusal.reason}`, { object: 'spec', field: key, hint: refusal.instead });
    }
  }
  return request;
}

function unknownKey(key: string): HoldfastError {
  const near = nearestKey(key);
  const did = near === undefined ? '' : `Did you mean ${near}? `;
  return fault(`"${printable(key)}" is not a key of a spec`, `${did}Valid keys: ${[...VALID_KEYS].sort().join(', ')}.`, clip(key));
}

const fault = (message: string, hint: string, field = 'spec'): HoldfastError => new HoldfastError('invalid_argument', message, { object: 'spec', field: printable(field), hint });
