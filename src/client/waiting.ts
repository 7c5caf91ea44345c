/** Waiting for operations: their progress, their end, and cancelling them. Outlives a restart of the daemon. */
import { HoldfastError } from '../model/errors.ts';
import { isOver, type Operation } from '../model/operation.ts';
import type { Call } from './call.ts';
import type { WaitOptions } from './types.ts';

/** How long one request waits, with and without somebody who looks at the progress. */
const WATCHED_MS = 500;
const UNWATCHED_MS = 20_000;
const SOON_MS = 100;
/** How long the daemon may be away (it restarts and goes on) before we give up. */
const PATIENCE_MS = 30_000;
const CANCEL_MS = 30_000;

/**
 * Returns the operation when it has succeeded.
 * @throws its error when it failed; failed_precondition when it was cancelled; unavailable after `timeoutMs`.
 */
export async function waitForOperation(call: Call, begun: Operation, options: WaitOptions = {}): Promise<Operation> {
  const { onProgress, signal, timeoutMs, cancelOnAbort = false } = options;
  onProgress?.(begun);
  const deadline = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
  let operation = begun;
  try {
    while (!isOver(operation)) {
      const left = deadline - performance.now();
      if (left <= 0) throw stillRunning(operation);
      const asked = performance.now();
      operation = (await look(call, operation.id, Math.max(1, Math.min(onProgress === undefined ? UNWATCHED_MS : WATCHED_MS, Math.ceil(left))), signal, deadline)) ?? operation;
      onProgress?.(operation);
      // A daemon that is ending answers at once.
      if (!isOver(operation) && performance.now() - asked < SOON_MS) await pause(SOON_MS, signal);
    }
  } catch (thrown) {
    if (!cancelOnAbort || signal?.aborted !== true) throw thrown;
    operation = await cancelAndWait(call, operation);
    onProgress?.(operation);
  }
  return outcome(operation);
}

/** The finished operation, or its error. */
export function outcome(operation: Operation): Operation {
  if (operation.state === 'succeeded') return operation;
  if (operation.error !== null) throw HoldfastError.fromBody(operation.error);
  if (operation.state !== 'cancelled') throw stillRunning(operation);
  const object = `${operation.target.kind} ${operation.target.name}`;
  throw new HoldfastError('failed_precondition', `${operation.kind} of ${object} was cancelled`, { object });
}

/** @returns null when the daemon was away until the deadline */
async function look(call: Call, id: string, waitMs: number, signal: AbortSignal | undefined, deadline: number): Promise<Operation | null> {
  const since = performance.now();
  for (;;) {
    try {
      const { body } = await call('get', '/v1/operations/{operation}', { path: { operation: id }, query: { wait_ms: waitMs }, signal, extraMs: waitMs });
      return body;
    } catch (thrown) {
      const away = thrown instanceof HoldfastError && thrown.code === 'unavailable';
      if (!away || signal?.aborted === true || performance.now() - since > PATIENCE_MS) throw thrown;
      if (performance.now() >= deadline) return null;
      await pause(WATCHED_MS, signal);
    }
  }
}

async function cancelAndWait(call: Call, operation: Operation): Promise<Operation> {
  try {
    await call('post', '/v1/operations/{operation}/cancel', { path: { operation: operation.id } });
  } catch (thrown) {
    // Too late to cancel: it ends by itself.
    if (!(thrown instanceof HoldfastError) || thrown.code !== 'failed_precondition') throw thrown;
  }
  return (await look(call, operation.id, CANCEL_MS, undefined, Infinity)) ?? operation;
}

const stillRunning = (operation: Operation): HoldfastError => new HoldfastError(
  'unavailable', `${operation.kind} of ${operation.target.kind} ${operation.target.name} is not over yet`,
  { object: `operation ${operation.id}`, hint: `It goes on: holdfast operation watch ${operation.id}` },
);

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => { clearTimeout(timer); signal?.removeEventListener('abort', end); resolve(); };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
