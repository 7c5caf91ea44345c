/**
 * The part of etcd's keys that is this store's: everything below one prefix, so that several users of one etcd keep
 * apart. Translates keys, ranges and entries, and nothing else.
 */
import type { Change, Entry } from '../../control/ports/store.ts';
import { HoldfastError } from '../../model/errors.ts';
import { prefixEnd } from '../rules.ts';
import { Event_EventType, type Event, type KeyValue } from './generated/kv.ts';

export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

export class KeySpace {
  readonly #root: string;

  /** @param prefix printable ASCII, 1 to 200 characters, no `/` at its end @throws invalid_argument */
  constructor(prefix: string) {
    if (!/^[!-~]{1,200}$/.test(prefix) || prefix.endsWith('/')) {
      throw new HoldfastError('invalid_argument', `${JSON.stringify(prefix)} cannot be the prefix of Holdfast's keys in etcd`, { object: 'store', field: 'prefix', hint: 'Write it like /holdfast.' });
    }
    this.#root = `${prefix}/`;
  }

  key(key: string): Buffer {
    return Buffer.from(this.#root + key, 'latin1');
  }

  /** Keys from `from` on, less than `end`; both as the store names them. */
  between(from: string, end: string): KeyRange {
    return { key: this.key(from), range_end: this.key(end) };
  }

  /** All keys with the prefix. */
  range(prefix: string): KeyRange {
    return { key: this.key(prefix), range_end: Buffer.from(prefixEnd(this.#root + prefix), 'latin1') };
  }

  keyOf(kv: KeyValue): string {
    return kv.key.toString('latin1').slice(this.#root.length);
  }

  entryOf<T>(kv: KeyValue): Entry<T> {
    const key = this.keyOf(kv);
    return { key, value: valueOf(key, kv) as T, revision: Number(kv.mod_revision) };
  }

  changeOf(event: Event, kv: KeyValue): Change {
    const key = this.keyOf(kv);
    const revision = Number(kv.mod_revision);
    return event.type === Event_EventType.DELETE ? { type: 'delete', key, revision } : { type: 'put', key, value: valueOf(key, kv), revision };
  }
}

function valueOf(key: string, kv: KeyValue): unknown {
  try {
    return JSON.parse(kv.value.toString('utf8')) as unknown;
  } catch (thrown) {
    throw new HoldfastError('failed_precondition', `In etcd, the value of ${key} is not Holdfast's: it is no JSON`, { object: 'store', hint: 'Find out who else writes below the prefix of Holdfast; restore or delete that key.' }, { cause: thrown });
  }
}
