/**
 * Carries out the operations of this node: step after step, each recorded before it begins, so that a restart goes on
 * at the right one. Every write compares the record's revision: an operation that was ended or given to another node
 * meanwhile is dropped, never overwritten. It knows nothing of volumes or pools.
 */
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import { isOver, type Operation } from '../model/operation.ts';
import { isoNow, type Seams } from './context.ts';
import { KEYS } from './keys.ts';
import type { Locks } from './locks.ts';
import type { Work } from './ports/data-plane.ts';
import type { Entry, Write } from './ports/store.ts';

/** A step is idempotent: it may run again after a crash. It stops at `work.signal`. */
export interface Step {
  readonly name: string;
  run(operation: Operation, work: Work): Promise<void>;
}

export interface OperationKind {
  readonly steps: readonly Step[];
  /**
   * Takes back what the steps did; idempotent. Without it a failed operation leaves its work for the next try.
   * `away`: its node is gone, this one cannot reach the medium; only records are taken back.
   */
  undo?(operation: Operation, error: HoldfastError, medium: 'here' | 'away'): Promise<void>;
  readonly cancellable: boolean;
  readonly unit: Operation['unit'];
  /** Default: the node named in the record. `leader`: whichever node leads, going on after a change of leader. */
  readonly carrier?: 'leader';
}

export interface OperationRunner {
  launch(entry: Entry<Operation>): void;
  /** As it is in this moment, progress included; null when it does not run here. */
  live(id: string): { readonly operation: Operation; readonly over: Promise<void> } | null;
  all(): readonly Operation[];
  /** Asks it to stop and undo. */
  cancel(id: string): void;
  /** Leaves it as it is for whoever carries it out next; resolves when nothing more is done here. */
  release(which: (operation: Operation) => boolean): Promise<void>;
  /** Stops all at the next safe point; they are resumed by the next start. */
  stop(): Promise<void>;
}

const UNDO = 'undo';
/** An outage of the store or a medium that does not answer is waited for so long, a second each. */
const MAX_PAUSES = 60;
const PAUSE_MS = 1_000;
const PROGRESS_MS = 1_000;

class Stopping extends Error {}
/** The record is no longer ours: ended by others, or given to another node. */
class Lost extends Error {}

interface Running {
  operation: Operation;
  revision: number;
  /** Writes of one record take turns. */
  tail: Promise<unknown>;
  wroteAt: number;
  readonly abort: AbortController;
  readonly over: Promise<void>;
}

/** The keys that say that it runs; deleted by the transaction that ends it. */
export const endOf = (operation: Operation, carrier: string): readonly Write[] => [
  { op: 'delete', key: KEYS.running(operation.target.id) },
  { op: 'delete', key: KEYS.work(carrier, operation.id) },
];

export function createOperationRunner(seams: Seams, locks: Locks, nodeId: string, kindOf: (operation: Operation) => OperationKind): OperationRunner {
  const running = new Map<string, Running>();
  let stopping = false;

  const carrierOf = (operation: Operation): string => kindOf(operation).carrier ?? nodeId;

  const write = async (live: Running, changes: Partial<Operation>, extra: readonly Write[]): Promise<void> => {
    const key = KEYS.operation(live.operation.id);
    for (;;) {
      const next: Operation = { ...live.operation, ...changes, updated_at: isoNow(seams.clock) };
      const done = await seams.store.txn([{ key, revision: live.revision }], [{ op: 'put', key, value: next }, ...extra]);
      if (done.committed) {
        live.operation = next;
        live.revision = done.revision;
        live.wroteAt = seams.clock.monotonic();
        return;
      }
      const entry = await seams.store.get<Operation>(key);
      if (entry === null || entry.value.node !== nodeId || isOver(entry.value)) throw new Lost(`operation ${live.operation.id} is another's now`);
      live.revision = entry.revision;
      live.operation = { ...live.operation, cancel_requested: entry.value.cancel_requested };
    }
  };

  const pause = async (signal: AbortSignal | null): Promise<void> => {
    if (stopping) throw new Stopping('the daemon is stopping');
    await seams.clock.sleep(PAUSE_MS, signal ?? undefined).catch(() => undefined);
  };

  /** Every write of a record goes through here. An outage of the store is waited for. */
  const record = (live: Running, changes: Partial<Operation>, extra: readonly Write[] = []): Promise<void> => {
    const attempt = async (): Promise<void> => {
      for (let tries = 0; ; tries += 1) {
        try {
          return await write(live, changes, extra);
        } catch (error) {
          if (!isOutage(error) || tries >= MAX_PAUSES) throw error;
          await pause(null);
        }
      }
    };
    const done = live.tail.then(attempt, attempt);
    live.tail = done.catch(() => undefined);
    return done;
  };

  const workFor = (live: Running): Work => ({
    signal: live.abort.signal,
    progress(done, total) {
      live.operation = { ...live.operation, done, total, updated_at: isoNow(seams.clock) };
      if (seams.clock.monotonic() - live.wroteAt < PROGRESS_MS) return;
      live.wroteAt = seams.clock.monotonic();
      record(live, { done, total }).catch(() => undefined);
    },
  });

  /** Steps are idempotent, so what failed for want of the store is done again. */
  const patiently = async (live: Running, work: () => Promise<void>): Promise<void> => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isOutage(error) || live.abort.signal.aborted || tries >= MAX_PAUSES) throw error;
        seams.log.warn({ operation: live.operation.id, step: live.operation.step, err: String(error) }, 'a step could not be finished; it is tried again');
        await pause(live.abort.signal);
      }
    }
  };

  const finish = (live: Running, changes: Partial<Operation>): Promise<void> => record(live, { ...changes, finished_at: isoNow(seams.clock) }, endOf(live.operation, carrierOf(live.operation)));

  const undo = async (live: Running, error: HoldfastError): Promise<void> => {
    await record(live, { step: UNDO, error: error.toBody(), cancellable: false });
    for (let tries = 0; ; tries += 1) {
      try {
        await kindOf(live.operation).undo?.(live.operation, error, 'here');
        break;
      } catch (failure) {
        if (failure instanceof Lost) throw failure;
        seams.log.error({ operation: live.operation.id, err: String(failure) }, 'taking an operation back failed');
        if (!isOutage(failure) || tries >= MAX_PAUSES) break;
        await pause(null);
      }
    }
    await finish(live, { state: live.operation.cancel_requested ? 'cancelled' : 'failed' });
  };

  const perform = async (live: Running): Promise<void> => {
    const { operation, abort: { signal } } = live;
    const kind = kindOf(operation);
    if (operation.step === UNDO && operation.error !== null) return undo(live, HoldfastError.fromBody(operation.error));
    if (operation.cancel_requested) cancel(operation.id);
    const first = Math.max(0, kind.steps.findIndex(({ name }) => name === operation.step));
    try {
      for (const step of kind.steps.slice(first)) {
        signal.throwIfAborted();
        await record(live, { state: 'running', step: step.name });
        await patiently(live, () => step.run(live.operation, workFor(live)));
      }
      const total = Math.max(live.operation.total, 1);
      await finish(live, { state: 'succeeded', done: total, total, cancellable: false });
    } catch (thrown) {
      if (stopping || thrown instanceof Stopping || thrown instanceof Lost || signal.reason instanceof Stopping) throw thrown;
      await undo(live, asHoldfastError(thrown));
    }
  };

  /** The record says so already. */
  const cancel = (id: string): void => {
    const live = running.get(id);
    if (live === undefined) return;
    live.operation = { ...live.operation, cancel_requested: true };
    live.abort.abort(new HoldfastError('failed_precondition', `operation ${id} was cancelled`, { object: `operation ${id}` }));
  };

  return {
    launch(entry) {
      const { value: operation } = entry;
      if (running.has(operation.id) || isOver(operation) || stopping) return;
      const live: Running = { operation, revision: entry.revision, tail: Promise.resolve(), wroteAt: seams.clock.monotonic(), abort: new AbortController(), over: Promise.resolve() };
      running.set(operation.id, live);
      const over = locks
        .hold(operation.target.id, () => perform(live))
        .catch((error: unknown) => {
          if (error instanceof Stopping || live.abort.signal.reason instanceof Stopping) return;
          if (error instanceof Lost) seams.log.warn({ operation: operation.id, kind: operation.kind }, 'an operation was ended or moved by others');
          else seams.log.error({ operation: operation.id, err: String(error) }, 'an operation could not be recorded; it is resumed later');
        })
        .finally(() => running.delete(operation.id));
      Object.assign(live, { over });
    },
    live: (id) => running.get(id) ?? null,
    all: () => [...running.values()].map(({ operation }) => operation),
    cancel,
    async release(which) {
      const leaving = [...running.values()].filter(({ operation }) => which(operation));
      for (const { abort } of leaving) abort.abort(new Stopping('another carries it out'));
      await Promise.all(leaving.map(({ over }) => over));
    },
    async stop() {
      stopping = true;
      const rest = [...running.values()];
      for (const { abort } of rest) abort.abort(new Stopping('the daemon is stopping'));
      await Promise.all(rest.map(({ over }) => over));
    },
  };
}

const isOutage = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'unavailable';
