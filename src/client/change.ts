/** Carrying out a change: headers, waiting for its operation where it takes longer, reading the object afterwards. */
import { randomUUID } from 'node:crypto';
import type { Operation } from '../model/operation.ts';
import type { Call } from './call.ts';
import type { ChangeOptions, Changed, CreateOptions, WaitOptions } from './types.ts';
import { waitForOperation } from './waiting.ts';

/** Somebody who wants progress, a limit or a cancel is answered at once with the operation; others by the result. */
const prefer = (options: WaitOptions): string | undefined =>
  options.onProgress !== undefined || options.timeoutMs !== undefined || options.cancelOnAbort === true ? 'respond-async' : undefined;

export const createHeader = (options: CreateOptions) => ({ 'Idempotency-Key': options.idempotencyKey ?? randomUUID(), Prefer: prefer(options) });
export const matchHeader = ({ expectedVersion }: ChangeOptions) => ({ 'If-Match': expectedVersion === undefined ? undefined : `"${expectedVersion}"` });
export const changeHeader = (options: ChangeOptions) => ({ ...matchHeader(options), Prefer: prefer(options) });

/** A change's answer: the object, or (202) the operation that is under way; both with warnings. */
export type ChangeAnswer<T> =
  | { readonly status: 200 | 201; readonly body: Changed<T> }
  | { readonly status: 202; readonly body: Changed<Operation> };

/** @param signal of the request itself: a caller who wants to cancel must not lose the id of what it began. */
export const sendingSignal = (options: WaitOptions): AbortSignal | undefined => (options.cancelOnAbort === true ? undefined : options.signal);

/** The object after the change, however long that takes. `reread` by id. */
export async function finish<T extends object>(call: Call, answer: ChangeAnswer<T>, options: WaitOptions, reread: (id: string) => Promise<T>): Promise<Changed<T>> {
  if (answer.status !== 202) return answer.body;
  const { warnings } = answer.body;
  const operation = await waitForOperation(call, answer.body, options);
  return { ...(await reread(operation.target.id)), warnings };
}
