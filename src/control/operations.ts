/**
 * Operations: runs the named steps of a change, one operation per object at a time, so that after a crash at any
 * point the next start goes on at the step recorded. It knows nothing of volumes or pools: kinds are registered.
 */
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import { isOver, type Operation } from '../model/operation.ts';
import { isoNow, mintId, type Seams } from './context.ts';
import { KEYS } from './keys.ts';
import type { Locks } from './locks.ts';
import type { Work } from './ports/data-plane.ts';
import type { Compare, Write } from './ports/store.ts';

/** A step is idempotent: it may run again after a crash. It stops at `work.signal`. */
export interface Step {
  readonly name: string;
  run(operation: Operation, work: Work): Promise<void>;
}

export interface OperationKind {
  readonly steps: readonly Step[];
  /** Takes back what the steps did; idempotent. Without it a failed operation leaves its work for the next try. */
  undo?(operation: Operation, error: HoldfastError): Promise<void>;
  readonly cancellable: boolean;
  readonly unit: Operation['unit'];
}

export interface NewOperation {
  readonly kind: string;
  readonly target: Operation['target'];
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface OperationRunner {
  register(kind: string, definition: OperationKind): void;
  /** A record for `begin`; made apart so that other records of the same transaction can name it. */
  draft(request: NewOperation): Operation;
  /** Writes the operation together with the caller's records; starts it. False: a compare failed, nothing happened. */
  begin(operation: Operation, compare: readonly Compare[], writes: readonly Write[]): Promise<boolean>;
  /** The running operation of an object, if any. */
  runningOf(targetId: string): Operation | null;
  /** Throws conflict (retryable) while one runs on the object. */
  refuseWhileRunning(targetId: string, object: string): void;
  get(id: string): Promise<Operation>;
  wait(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Operation>;
  cancel(id: string): Promise<Operation>;
  /** Goes on with what a former process left. */
  resume(): Promise<void>;
  runningCount(): number;
  /** Stops at the next safe point; what runs is resumed by the next start. */
  stop(): Promise<void>;
}

const KEEP_FINISHED = 1_000;
const UNDO = 'undo';
class Stopping extends Error {}

interface Running {
  operation: Operation;
  readonly abort: AbortController;
  readonly over: Promise<void>;
}

export function createOperationRunner(seams: Seams, locks: Locks, nodeId: string): OperationRunner {
  const kinds = new Map<string, OperationKind>();
  const running = new Map<string, Running>();
  let stopping = false;
  let sincePrune = 0;

  const kindOf = (operation: Operation): OperationKind => {
    const kind = kinds.get(operation.kind);
    if (kind === undefined) throw new HoldfastError('internal', `no such kind of operation: ${operation.kind}`);
    return kind;
  };

  /** Every write of a record goes through here, so that what is in memory and in the store agree. */
  const record = async (operation: Operation, changes: Partial<Operation>): Promise<Operation> => {
    const live = running.get(operation.id);
    const next: Operation = { ...(live?.operation ?? operation), ...changes, updated_at: isoNow(seams.clock) };
    if (live !== undefined) live.operation = next;
    await seams.store.txn([], [{ op: 'put', key: KEYS.operation(next.id), value: next }]);
    return next;
  };

  const workFor = (operation: Operation, signal: AbortSignal): Work => ({
    signal,
    progress(done, total) {
      const live = running.get(operation.id);
      if (live !== undefined) live.operation = { ...live.operation, done, total, updated_at: isoNow(seams.clock) };
    },
  });

  const undo = async (operation: Operation, error: HoldfastError): Promise<void> => {
    const kind = kindOf(operation);
    await record(operation, { step: UNDO, error: error.toBody(), cancellable: false });
    try {
      await kind.undo?.(operation, error);
    } catch (failure) {
      seams.log.error({ operation: operation.id, err: String(failure) }, 'taking an operation back failed');
    }
    await record(operation, { state: operation.cancel_requested || running.get(operation.id)?.operation.cancel_requested === true ? 'cancelled' : 'failed', finished_at: isoNow(seams.clock) });
  };

  const perform = async (operation: Operation, signal: AbortSignal): Promise<void> => {
    const kind = kindOf(operation);
    if (operation.step === UNDO && operation.error !== null) return undo(operation, HoldfastError.fromBody(operation.error));
    const first = Math.max(0, kind.steps.findIndex(({ name }) => name === operation.step));
    try {
      for (const step of kind.steps.slice(first)) {
        signal.throwIfAborted();
        await record(operation, { state: 'running', step: step.name });
        await step.run(operation, workFor(operation, signal));
      }
      const last = running.get(operation.id)?.operation ?? operation;
      await record(operation, { state: 'succeeded', done: Math.max(last.total, 1), total: Math.max(last.total, 1), cancellable: false, finished_at: isoNow(seams.clock) });
    } catch (thrown) {
      if (stopping || thrown instanceof Stopping) return;
      await undo(operation, asHoldfastError(thrown));
    }
  };

  const launch = (operation: Operation): void => {
    const abort = new AbortController();
    const over = locks
      .hold(operation.target.id, () => perform(operation, abort.signal))
      .catch((error: unknown) => seams.log.error({ operation: operation.id, err: String(error) }, 'an operation could not be recorded; it is resumed at the next start'))
      .finally(() => {
        running.delete(operation.id);
        void prune();
      });
    running.set(operation.id, { operation, abort, over });
  };

  const prune = async (): Promise<void> => {
    sincePrune += 1;
    if (sincePrune < 100 || stopping) return;
    sincePrune = 0;
    try {
      const { entries } = await seams.store.list<Operation>(KEYS.operations);
      const finished = entries.filter(({ value }) => isOver(value));
      const old = finished.slice(0, Math.max(0, finished.length - KEEP_FINISHED));
      if (old.length > 0) await seams.store.txn([], old.map(({ key }) => ({ op: 'delete', key })));
    } catch (error) {
      seams.log.warn({ err: String(error) }, 'old operations could not be pruned');
    }
  };

  const runningOf = (targetId: string): Operation | null => [...running.values()].find(({ operation }) => operation.target.id === targetId)?.operation ?? null;

  const get = async (id: string): Promise<Operation> => {
    const live = running.get(id);
    if (live !== undefined) return live.operation;
    const stored = /^op_[0-9A-Z]{26}$/.test(id) ? await seams.store.get<Operation>(KEYS.operation(id)) : null;
    if (stored === null) throw new HoldfastError('not_found', `there is no operation "${id.slice(0, 80)}"`, { object: `operation ${id.slice(0, 80)}`, hint: 'List them: holdfast operation list' });
    return stored.value;
  };

  return {
    register: (kind, definition) => void kinds.set(kind, definition),

    draft(request) {
      const now = isoNow(seams.clock);
      const kind = kinds.get(request.kind);
      if (kind === undefined) throw new HoldfastError('internal', `no such kind of operation: ${request.kind}`);
      return {
        id: mintId(seams, 'operation'), kind: request.kind, target: request.target, node: nodeId, state: 'pending', step: kind.steps[0]?.name ?? '', args: request.args ?? {},
        done: 0, total: 0, unit: kind.unit, cancellable: kind.cancellable, cancel_requested: false, error: null, created_at: now, updated_at: now, finished_at: null,
      };
    },

    async begin(operation, compare, writes) {
      if (stopping) throw new HoldfastError('unavailable', 'the daemon is stopping', { hint: 'Try again when it is back.' });
      const key = KEYS.operation(operation.id);
      const done = await seams.store.txn([...compare, { key, revision: 0 }], [...writes, { op: 'put', key, value: operation }]);
      if (done.committed) launch(operation);
      return done.committed;
    },

    runningOf,
    refuseWhileRunning(targetId, object) {
      const other = runningOf(targetId);
      if (other === null) return;
      throw new HoldfastError('conflict', `${object} is being changed: operation ${other.id} (${other.kind}, step ${other.step}) runs`, { object, hint: `Wait for it: holdfast operation watch ${other.id}` }, { retryable: true });
    },

    get,
    async wait(id, timeoutMs, signal) {
      const live = running.get(id);
      if (live !== undefined && timeoutMs > 0) {
        const timer = new AbortController();
        const either = signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]);
        await Promise.race([live.over, seams.clock.sleep(timeoutMs, either).catch(() => undefined)]);
        timer.abort();
      }
      return get(id);
    },

    async cancel(id) {
      const operation = await get(id);
      const live = running.get(id);
      if (isOver(operation) || live === undefined) throw new HoldfastError('failed_precondition', `operation ${id} is over: ${operation.state}`, { object: `operation ${id}` });
      if (!operation.cancellable) throw new HoldfastError('failed_precondition', `operation ${id} (${operation.kind}) cannot be cancelled at step ${operation.step}`, { object: `operation ${id}`, hint: `Watch it: holdfast operation watch ${id}` });
      const asked = await record(operation, { cancel_requested: true });
      live.abort.abort(new HoldfastError('failed_precondition', `operation ${id} was cancelled`, { object: `operation ${id}` }));
      return asked;
    },

    async resume() {
      const { entries } = await seams.store.list<Operation>(KEYS.operations);
      for (const { value } of entries) {
        if (isOver(value) || running.has(value.id)) continue;
        seams.log.info({ operation: value.id, kind: value.kind, step: value.step }, 'resuming an operation');
        launch(value);
      }
    },

    runningCount: () => running.size,

    async stop() {
      stopping = true;
      const rest = [...running.values()];
      for (const { abort } of rest) abort.abort(new Stopping('the daemon is stopping'));
      await Promise.all(rest.map(({ over }) => over));
    },
  };
}
