/**
 * What every store refuses, and in which words: the limits on keys, values and transactions of the Store port.
 * Knows no medium; a store calls it before it touches anything.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Compare, Write } from '../control/ports/store.ts';

export const MAX_KEY_LENGTH = 512;
/** Of the JSON text, in UTF-8 bytes. */
export const MAX_VALUE_BYTES = 1024 * 1024;
const MAX_DEPTH = 100;

const invalid = (message: string, field: string, hint: string): HoldfastError => new HoldfastError('invalid_argument', message, { object: 'store', field, hint });

/** @throws invalid_argument unless the key is 1 to 512 printable ASCII characters. */
export function checkKey(key: string): void {
  if (key.length < 1 || key.length > MAX_KEY_LENGTH || !/^[ -~]+$/.test(key)) {
    throw invalid(`${JSON.stringify(key.slice(0, 80))} is not a store key`, 'key', `A key has 1 to ${MAX_KEY_LENGTH} printable ASCII characters.`);
  }
}

/** @param text a prefix or an `after`: as a key, but may be empty. */
export function checkPrefix(text: string, field: 'prefix' | 'after'): void {
  if (text.length > MAX_KEY_LENGTH || !/^[ -~]*$/.test(text)) {
    throw invalid(`${JSON.stringify(text.slice(0, 80))} is not the beginning of a store key`, field, `It has at most ${MAX_KEY_LENGTH} printable ASCII characters.`);
  }
}

/** The least text that is greater than every key with this prefix. DEL follows every printable character. */
export function prefixEnd(prefix: string): string {
  if (prefix === '') return '\x7f';
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** @param least the smallest value that is right. */
export function checkInteger(value: number, field: string, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw invalid(`${field} ${value} is not right`, field, `It is a whole number, ${least} or more.`);
}

/**
 * The value as JSON text. Only what comes back as it went in is taken: no dates, maps, functions, NaN. An object's
 * property that is undefined counts as absent.
 * @throws invalid_argument naming the key
 */
export function encodeValue(key: string, value: unknown): string {
  const fault = faultOf(value, 0);
  if (fault !== null) throw invalid(`The value of ${key} is not JSON: ${fault}`, key, 'Values are null, booleans, finite numbers, strings, arrays and plain objects.');
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_VALUE_BYTES) throw invalid(`The value of ${key} has ${bytes} bytes`, key, `A value has at most ${MAX_VALUE_BYTES} bytes as JSON.`);
  return text;
}

function faultOf(value: unknown, depth: number): string | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${value} is no JSON number`;
  if (typeof value !== 'object') return `it holds a ${typeof value}`;
  if (depth >= MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} (or holds itself)`;
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = faultOf(item, depth + 1);
      if (fault !== null) return fault;
    }
    return null;
  }
  // By shape, not by identity: an object of another realm is as good.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return 'it holds an instance of a class';
  if (Object.prototype.toString.call(value) !== '[object Object]') return `it holds a ${Object.prototype.toString.call(value).slice(8, -1)}`;
  for (const item of Object.values(value)) {
    const fault = item === undefined ? null : faultOf(item, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

/** A write whose value is JSON text already. */
export type EncodedWrite = { readonly key: string; readonly text: string; readonly lease: string | null } | { readonly key: string; readonly text: null };

/** @throws invalid_argument when a key, revision or value is not right, or a key is written twice. */
export function checkTxn(compare: readonly Compare[], writes: readonly Write[]): readonly EncodedWrite[] {
  for (const { key, revision } of compare) {
    checkKey(key);
    checkInteger(revision, 'revision', 0);
  }
  const seen = new Set<string>();
  return writes.map((write) => {
    checkKey(write.key);
    if (seen.has(write.key)) throw invalid(`${write.key} is written twice in one transaction`, write.key, 'Write a key once.');
    seen.add(write.key);
    if (write.op === 'delete') return { key: write.key, text: null };
    return { key: write.key, text: encodeValue(write.key, write.value), lease: write.lease ?? null };
  });
}

export const closedError = (): HoldfastError => new HoldfastError('unavailable', 'The store is closed', { object: 'store', hint: 'Start holdfastd again.' });

/** @param compacted the latest revision whose changes are gone. */
export const compactedError = (fromRevision: number, compacted: number): HoldfastError =>
  new HoldfastError('failed_precondition', `The history from revision ${fromRevision} on is compacted: it begins at ${compacted + 1}`, { object: 'store', field: 'fromRevision', hint: 'List again, and watch from the revision after the one that the list was read at.' });

export const noLeaseError = (id: string): HoldfastError => new HoldfastError('not_found', `Lease ${id} has ended or never was`, { object: `lease ${id}`, hint: 'Grant a new lease, and write its keys again.' });
