/** What a store must do, as simply as it can be said, and random commands to compare a real one with it. */
import fc from 'fast-check';
import type { Change, Compare, Store, Write } from '../../src/control/ports/store.ts';

/** A compare names the key's present revision, off by so many. */
export type Command =
  | { readonly do: 'txn'; readonly compare: readonly { readonly key: string; readonly off: number }[]; readonly writes: readonly Write[] }
  | { readonly do: 'list'; readonly prefix: string; readonly after: string; readonly limit: number }
  | { readonly do: 'get'; readonly key: string };

const segment = fc.constantFrom('a', 'b', 'B', 'ab', '~', ' ', '0');
const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
/** JSON that is equal to itself after a round trip: no -0. */
const value = fc.jsonValue({ maxDepth: 3 }).map((one) => JSON.parse(JSON.stringify(one)) as unknown);
const write: fc.Arbitrary<Write> = fc.oneof(fc.record({ op: fc.constant('put' as const), key, value }), fc.record({ op: fc.constant('delete' as const), key }));

const txn = fc.record({
  do: fc.constant('txn' as const),
  compare: fc.array(fc.record({ key, off: fc.constantFrom(0, 0, 0, 0, 1) }), { maxLength: 2 }),
  writes: fc.uniqueArray(write, { maxLength: 4, selector: (one) => one.key }),
});
const list = fc.record({ do: fc.constant('list' as const), prefix: fc.oneof(fc.constant(''), key), after: fc.oneof(fc.constant(''), key), limit: fc.integer({ min: 1, max: 5 }) });
export const commands: fc.Arbitrary<readonly Command[]> = fc.array(fc.oneof({ weight: 5, arbitrary: txn }, { weight: 2, arbitrary: list }, { weight: 1, arbitrary: key.map((one) => ({ do: 'get' as const, key: one })) }), { maxLength: 40 });

export class StoreModel {
  readonly entries = new Map<string, { readonly value: unknown; readonly revision: number }>();
  readonly changes: Change[] = [];
  revision: number;

  constructor(revision: number) {
    this.revision = revision;
  }

  txn(compare: readonly Compare[], writes: readonly Write[]): unknown {
    if (compare.some((one) => (this.entries.get(one.key)?.revision ?? 0) !== one.revision)) return { committed: false };
    const effective = writes.filter((one) => one.op === 'put' || this.entries.has(one.key));
    if (effective.length > 0) this.revision += 1;
    for (const one of effective) {
      if (one.op === 'delete') {
        this.entries.delete(one.key);
        this.changes.push({ type: 'delete', key: one.key, revision: this.revision });
      } else {
        this.entries.set(one.key, { value: one.value, revision: this.revision });
        this.changes.push({ type: 'put', key: one.key, value: one.value, revision: this.revision });
      }
    }
    return { committed: true, revision: this.revision };
  }

  get(key: string): unknown {
    const held = this.entries.get(key);
    return held === undefined ? null : { key, ...held };
  }

  list(prefix: string, after: string, limit: number): unknown {
    const keys = [...this.entries.keys()].filter((one) => one.startsWith(prefix) && one > after).sort();
    return { entries: keys.slice(0, limit).map((one) => this.get(one)), revision: this.revision };
  }
}

/** Does the same to both. @returns what each answered. */
export async function both(store: Store, model: StoreModel, root: string, command: Command): Promise<{ readonly store: unknown; readonly model: unknown }> {
  const at = (one: string): string => `${root}${one}`;
  if (command.do === 'get') return { store: await store.get(at(command.key)), model: model.get(at(command.key)) };
  if (command.do === 'list') {
    const after = command.after === '' ? '' : at(command.after);
    return { store: await store.list(at(command.prefix), { after, limit: command.limit }), model: model.list(at(command.prefix), after, command.limit) };
  }
  const compare = command.compare.map(({ key: one, off }) => ({ key: at(one), revision: (model.entries.get(at(one))?.revision ?? 0) + off }));
  const writes = command.writes.map((one) => ({ ...one, key: at(one.key) }));
  return { store: await store.txn(compare, writes), model: model.txn(compare, writes) };
}
