/** What becomes of a create that does not go well: nothing is left and nothing in the state, or it is kept as incomplete. */
import { expect, jest, test } from '@jest/globals';
import { make, type Making } from '../../../provider/resources/begun.ts';
import { whenFree } from '../../../provider/resources/retry.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import type { Operation } from '../../../src/model/operation.ts';

const operation = { id: 'op_1', kind: 'volume.create', target: { kind: 'volume', id: 'vol_1', name: 'db' } } as Operation;
const refused = new HoldfastError('resource_exhausted', 'the medium is full');
const silent = new HoldfastError('unavailable', 'nobody answers');

/** A create that begins and then fails, of an object `vol_1` that is still there. */
function failing(error: Error, more: Partial<Making<string>> = {}) {
  const remove = jest.fn(async (_object: string) => undefined);
  const made = make<string>({ signal: new AbortController().signal, send: async ({ onProgress }) => { onProgress(operation); throw error; }, find: async () => 'vol_1', remove, ...more });
  return { made, remove };
}

test('what was made is given back', async () => {
  const { made } = failing(refused, { send: async () => 'vol_1' });
  expect(await made).toEqual({ object: 'vol_1' });
});

test('an error before anything was begun is passed on, and nothing is looked for', async () => {
  const find = jest.fn(async () => 'vol_of_somebody');
  const { made, remove } = failing(refused, { send: async () => { throw refused; }, find });
  await expect(made).rejects.toBe(refused);
  expect([find.mock.calls.length, remove.mock.calls.length]).toEqual([0, 0]);
});

test('an error after the daemon took everything back is passed on', async () => {
  const { made, remove } = failing(refused, { find: async () => null });
  await expect(made).rejects.toBe(refused);
  expect(remove).not.toHaveBeenCalled();
});

test('what is left of a failed create is removed', async () => {
  const { made, remove } = failing(refused);
  await expect(made).rejects.toBe(refused);
  expect(remove).toHaveBeenCalledWith('vol_1');
});

test('what cannot be removed is kept as incomplete, and says why', async () => {
  const { made } = failing(refused, { remove: async () => { throw new HoldfastError('internal', 'the disk is gone'); } });
  expect(await made).toEqual({ incomplete: operation, because: 'the medium is full. It could not be removed either: the disk is gone.' });
});

test('what went away by itself meanwhile is not kept', async () => {
  let looks = 0;
  const { made } = failing(refused, { find: async () => ((looks += 1) === 1 ? 'vol_1' : null), remove: async () => { throw silent; } });
  await expect(made).rejects.toBe(refused);
});

test('without an answer it is kept as incomplete, and nothing is removed: its operation may go on', async () => {
  const lost = failing(silent);
  expect(await lost.made).toEqual({ incomplete: operation, because: 'nobody answers.' });
  expect(lost.remove).not.toHaveBeenCalled();
  expect(await failing(silent, { find: async () => { throw silent; } }).made).toMatchObject({ incomplete: operation });
});

test('a refusal that says "later" is asked again with the same key, until it is free', async () => {
  const keys: string[] = [];
  const busy = new HoldfastError('conflict', 'operation op_2 runs', {}, { retryable: true });
  const { made } = failing(refused, { send: async ({ idempotencyKey }) => { keys.push(idempotencyKey); if (keys.length < 3) throw busy; return 'vol_1'; } });
  expect(await made).toEqual({ object: 'vol_1' });
  expect(new Set(keys).size).toBe(1);
});

test('patience ends with the signal, and what was in the way is told', async () => {
  const busy = new HoldfastError('conflict', 'operation op_2 runs', {}, { retryable: true });
  const stopping = new AbortController();
  const waiting = whenFree(stopping.signal, async () => { throw busy; });
  stopping.abort();
  await expect(waiting).rejects.toBe(busy);
  await expect(whenFree(new AbortController().signal, async () => { throw refused; })).rejects.toBe(refused);
});
