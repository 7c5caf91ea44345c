/** Changing labels one by one, where the API takes all of them at once: read, change, and only if nobody else did in between. */
import { HoldfastError } from '../model/errors.ts';
import type { Labels } from '../model/record.ts';

const ATTEMPTS = 5;

/** @throws invalid_argument when nothing is to be changed. */
export function needsChange(object: string, wishes: readonly unknown[]): void {
  if (wishes.every((wish) => wish === undefined)) throw new HoldfastError('invalid_argument', `say what to change of ${object}`, { object, hint: 'See --help for what can be changed.' });
}

/**
 * @param write writes the change to what was read; `labels` is undefined when they stay. Repeated when it was changed in between.
 * @throws not_found for a label to remove that is not there.
 */
export async function changeLabels<T extends { readonly name: string; readonly labels: Labels }>(
  read: () => Promise<T>, change: { readonly set: Labels | undefined; readonly remove: readonly string[] | undefined }, write: (now: T, labels: Labels | undefined) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const now = await read();
    try {
      return await write(now, merged(now, change));
    } catch (thrown) {
      const raced = thrown instanceof HoldfastError && thrown.code === 'conflict' && attempt < ATTEMPTS;
      if (!raced) throw thrown;
    }
  }
}

function merged({ name, labels }: { readonly name: string; readonly labels: Labels }, { set, remove = [] }: { readonly set: Labels | undefined; readonly remove: readonly string[] | undefined }): Labels | undefined {
  if (set === undefined && remove.length === 0) return undefined;
  const missing = remove.find((key) => !Object.hasOwn(labels, key));
  if (missing !== undefined) {
    const there = Object.keys(labels).sort().join(', ');
    throw new HoldfastError('not_found', `${name} has no label "${missing.slice(0, 80)}"`, { object: name, field: '--remove-label', hint: there === '' ? 'It has no labels.' : `It has: ${there}.` });
  }
  return Object.fromEntries([...Object.entries(labels).filter(([key]) => !remove.includes(key)), ...Object.entries(set ?? {})]);
}
