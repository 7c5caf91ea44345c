/**
 * Placed: the volumes of one node, trash included, read again only when somebody wrote them: one range read tells,
 * since every write of a volume's record writes its key below `/placed` again.
 */
import type { Volume } from '../../model/volume.ts';
import { KEYS } from '../keys.ts';
import type { Entry, Store } from '../ports/store.ts';

export interface Placed {
  /** As they are now, live ones and trash. */
  read(): Promise<readonly Entry<Volume>[]>;
}

const AT_ONCE = 50;

export function createPlaced(store: Store, nodeId: string): Placed {
  const prefix = KEYS.placedOn(nodeId);
  let known = new Map<string, { readonly touched: number; readonly entry: Entry<Volume> }>();

  const load = async (id: string): Promise<Entry<Volume> | null> => (await store.get<Volume>(KEYS.volume(id))) ?? store.get<Volume>(KEYS.trashed(id));

  return {
    async read() {
      const { entries } = await store.list<string>(prefix);
      const next: typeof known = new Map();
      const old: { readonly id: string; readonly touched: number }[] = [];
      for (const { key, revision } of entries) {
        const id = key.slice(prefix.length);
        const before = known.get(id);
        if (before?.touched === revision) next.set(id, before);
        else old.push({ id, touched: revision });
      }
      for (let i = 0; i < old.length; i += AT_ONCE) {
        await Promise.all(old.slice(i, i + AT_ONCE).map(async ({ id, touched }) => {
          const entry = await load(id);
          // Read newer than its key was listed: looked at once more next time.
          if (entry !== null) next.set(id, { touched: entry.revision > touched ? 0 : touched, entry });
        }));
      }
      known = next;
      return [...next.values()].map(({ entry }) => entry);
    },
  };
}
