/** What is not there: reading something that may be gone, and telling what a deletion left. */
import { HoldfastError } from '../model/errors.ts';
import type { Volume, VolumeStatus } from '../model/volume.ts';
import type { Call } from './call.ts';
import type { ChangeAnswer } from './change.ts';
import type { Removed, WaitOptions } from './types.ts';
import { waitForOperation } from './waiting.ts';

/** null for not_found; other errors pass: "no answer" is never "gone". */
export async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (thrown) {
    if (thrown instanceof HoldfastError && thrown.code === 'not_found') return null;
    throw thrown;
  }
}

type Gone = Pick<Volume, 'id' | 'name'> & { readonly status: object };

/** Waits for a deletion. @param lookUp reads what is left in the trash; null where nothing can be. */
export async function removed(call: Call, answer: ChangeAnswer<Gone>, options: WaitOptions, lookUp: ((id: string) => Promise<Volume>) | null): Promise<Removed> {
  const { warnings } = answer.body;
  if (answer.status !== 202) {
    const trashed = (answer.body.status as Partial<VolumeStatus>).trashed ?? null;
    return { id: answer.body.id, name: trashed?.name ?? answer.body.name, purgeAt: trashed?.purge_at ?? null, warnings };
  }
  const { target } = await waitForOperation(call, answer.body, options);
  const left = lookUp === null ? null : await orNull(lookUp(target.id));
  return { id: target.id, name: left?.status.trashed?.name ?? target.name, purgeAt: left?.status.trashed?.purge_at ?? null, warnings };
}
